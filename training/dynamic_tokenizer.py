"""The dynamic keyframe tokenizer of LaVIT (arXiv 2309.04669, section 3.1): which positions get a token, and what it says.

Shared by the small pack and by Video-LaVIT at its full size: names and shapes are those of `tokenizer_encoder.bin`.
Features are float32 [N, P, C], one row for each position in raster order; `keep` is float32 [N, P], 1 where the
position has a token.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from quantizer import VectorQuantizer

# Of the masked softmax: what a row without any position to attend to shares out evenly.
SOFTMAX_EPS = 1e-6


@dataclass(frozen=True)
class DynamicTokenizerConfig:
    """Sizes of a dynamic tokenizer; `blocks` is the depth of the merger."""

    width: int
    heads: int
    blocks: int
    mlp_width: int
    codes: int
    code_dim: int


# LaVIT's and Video-LaVIT's, behind EVA-CLIP ViT-g/14.
FULL = DynamicTokenizerConfig(width=1408, heads=16, blocks=12, mlp_width=6144, codes=16384, code_dim=32)


def masked_softmax(scores: Tensor, mask: Tensor) -> Tensor:
    """Softmax over the last dimension of those where mask is 1: (exp(a - max) m + eps / P) / (sum + eps)."""
    positions = scores.shape[-1]
    # Far below every score rather than -inf: a row may have nothing to attend to.
    top = (scores - (1 - mask) * 1e4).amax(-1, keepdim=True).detach()
    weights = (scores - top).clamp(max=0).exp() * mask
    return (weights + SOFTMAX_EPS / positions) / (weights.sum(-1, keepdim=True) + SOFTMAX_EPS)


def attend(query: Tensor, key: Tensor, value: Tensor, mask: Tensor, heads: int) -> Tensor:
    """Multi-head attention [N, P, C] over the positions that mask, broadcast to [N, 1, P, P], lets through."""

    def split(x: Tensor) -> Tensor:
        return x.unflatten(2, (heads, -1)).transpose(1, 2)

    scale = (query.shape[-1] // heads) ** -0.5
    weights = masked_softmax(split(query) * scale @ split(key).transpose(2, 3), mask)
    return (weights @ split(value)).transpose(1, 2).flatten(2)


class CausalAttention(nn.Module):
    """Each position attends to the kept ones up to it, and to itself."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor, keep: Tensor) -> Tensor:
        own = torch.eye(x.shape[1], dtype=x.dtype, device=x.device)
        mask = torch.maximum(torch.ones_like(own).tril() * keep[:, None], own)
        return self.proj(attend(*self.qkv(x).chunk(3, 2), mask[:, None], self.heads))


class CrossAttention(nn.Module):
    """Each position attends to the dropped ones."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor, origin: Tensor, keep: Tensor) -> Tensor:
        dropped = (1 - keep)[:, None, None]
        return self.proj(attend(self.query(x), self.key(origin), self.value(origin), dropped, self.heads))


class Mlp(nn.Module):
    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x)))


class CausalFuserBlock(nn.Module):
    """Kept positions read each other, then what was dropped."""

    def __init__(self, config: DynamicTokenizerConfig):
        super().__init__()
        self.norm0 = nn.LayerNorm(config.width)
        self.token_causal_attn = CausalAttention(config.width, config.heads)
        self.norm1 = nn.LayerNorm(config.width)
        self.token_cross_attn = CrossAttention(config.width, config.heads)
        self.norm2 = nn.LayerNorm(config.width)
        self.mlp = Mlp(config.width, config.mlp_width)
        # The identity at first.
        for last in (self.token_causal_attn.proj, self.token_cross_attn.proj, self.mlp.fc2):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    def forward(self, x: Tensor, origin: Tensor, keep: Tensor) -> Tensor:
        x = x + self.token_causal_attn(self.norm0(x), keep)
        x = x + self.token_cross_attn(self.norm1(x), origin, keep)
        return x + self.mlp(self.norm2(x))


class CausalEncoder(nn.Module):
    """The merger: puts what the dropped positions held into the kept ones. Rows of dropped positions mean nothing."""

    def __init__(self, config: DynamicTokenizerConfig):
        super().__init__()
        self.ln_vision = nn.LayerNorm(config.width)
        self.blocks = nn.ModuleList(CausalFuserBlock(config) for _ in range(config.blocks))
        self.norm = nn.LayerNorm(config.width)

    def forward(self, features: Tensor, keep: Tensor) -> Tensor:
        origin = x = self.ln_vision(features)
        for block in self.blocks:
            x = block(x, origin, keep)
        return self.norm(x)


class TokenPredictor(nn.Module):
    """Log probabilities [N, P, 2] that a position is kept (0) or dropped (1), of itself and of the mean of all."""

    def __init__(self, width: int):
        super().__init__()
        self.in_conv = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.GELU())
        self.out_conv = nn.Sequential(
            nn.Linear(width, width // 2),
            nn.GELU(),
            nn.Linear(width // 2, width // 4),
            nn.GELU(),
            nn.Linear(width // 4, 2),
            nn.LogSoftmax(dim=-1),
        )

    def forward(self, features: Tensor) -> Tensor:
        own, common = self.in_conv(features).chunk(2, 2)
        return self.out_conv(torch.cat([own, common.mean(1, keepdim=True).expand_as(own)], 2))


class DynamicTokenizer(nn.Module):
    """Everything between a picture's features and its ids."""

    def __init__(self, config: DynamicTokenizerConfig):
        super().__init__()
        self.token_predictor = TokenPredictor(config.width)
        self.causal_encoder = CausalEncoder(config)
        self.encode_task_layer = nn.Sequential(
            nn.Linear(config.width, config.width), nn.Tanh(), nn.Linear(config.width, config.code_dim)
        )
        self.quantize = VectorQuantizer(config.codes, config.code_dim)

    def scores(self, features: Tensor) -> Tensor:
        """How much each position wants a token, [N, P], unbounded: the log odds of being kept."""
        kept, dropped = self.token_predictor(features).unbind(2)
        return kept - dropped

    def vectors(self, features: Tensor, keep: Tensor) -> Tensor:
        """Unit vectors [N, P, D] to be quantized; rows of dropped positions mean nothing."""
        return F.normalize(self.encode_task_layer(self.causal_encoder(features, keep)), dim=2)


def ranks(scores: Tensor) -> Tensor:
    """How many positions are wanted more than each, ties by index: float32 [N, P], of fixed shape and free of sorting."""
    larger = scores[:, None, :] > scores[:, :, None]
    earlier = torch.ones(scores.shape[1], scores.shape[1], device=scores.device).tril(-1)
    equal = (scores[:, None, :] == scores[:, :, None]).to(scores.dtype)
    return (larger.to(scores.dtype) + equal * earlier).sum(2)


def kept(scores: Tensor, threshold: Tensor, cap: Tensor) -> Tensor:
    """The positions that get a token: those wanted more than threshold [N], at most cap [N] of them."""
    return ((scores > threshold[:, None]) & (ranks(scores) < cap[:, None])).to(scores.dtype)
