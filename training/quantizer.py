"""A cosine codebook that learns by exponential moving averages."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class CosineQuantizer(nn.Module):
    """Maps unit vectors float32 [M, D] to the nearest of K unit codes.

    The codes follow the moving average of the vectors assigned to them; codes that hardly any
    vector chooses are moved onto vectors of the current batch. Gradients pass straight through.
    """

    def __init__(self, codes: int, dim: int, decay: float = 0.99, dead_below: float = 0.03):
        super().__init__()
        self.decay = decay
        self.dead_below = dead_below
        self.register_buffer("codebook", F.normalize(torch.randn(codes, dim), dim=1))
        self.register_buffer("sums", self.codebook.clone())
        self.register_buffer("counts", torch.ones(codes))

    def nearest(self, vectors: Tensor) -> Tensor:
        """Ids int64 [M] of the nearest codes: argmax(2 v.e - |e|^2)."""
        return (2 * vectors @ self.codebook.T - self.codebook.square().sum(1)).argmax(1)

    def forward(self, vectors: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Returns (codes with straight-through gradient [M, D], ids [M], commitment loss)."""
        with torch.no_grad():
            ids = self.nearest(vectors)
            if self.training:
                self._follow(vectors, ids)
        codes = self.codebook[ids]
        commitment = (vectors - codes).square().sum(1).mean()
        return vectors + (codes - vectors).detach(), ids, commitment

    def _follow(self, vectors: Tensor, ids: Tensor) -> None:
        counts = torch.bincount(ids, minlength=len(self.counts)).to(vectors.dtype)
        sums = torch.zeros_like(self.sums).index_add_(0, ids, vectors)
        self.counts.lerp_(counts, 1 - self.decay)
        self.sums.lerp_(sums, 1 - self.decay)
        dead = (self.counts < self.dead_below).nonzero().squeeze(1)
        if len(dead):
            dead = dead[torch.randperm(len(dead))[: max(1, len(vectors) // 16)]]
            # Badly coded vectors are preferred: a random one is most often like many others.
            errors = (vectors - self.codebook[ids]).square().sum(1)
            chosen = vectors[torch.multinomial(errors + 1e-8, len(dead))]
            self.sums[dead] = chosen * 4 * self.dead_below
            self.counts[dead] = 4 * self.dead_below
        # A fresh tensor: autograd still holds the codes of this step.
        self.codebook = F.normalize(self.sums, dim=1)

    @torch.no_grad()
    def init_from(self, vectors: Tensor, rounds: int = 10) -> None:
        """Spherical k-means on vectors [M, D], M well above the number of codes."""
        size = len(self.counts)
        self.codebook = vectors[torch.randperm(len(vectors))[:size]].clone()
        for _ in range(rounds):
            ids = torch.cat([self.nearest(part) for part in vectors.split(8192)])
            sums = torch.zeros_like(self.sums).index_add_(0, ids, vectors)
            counts = torch.bincount(ids, minlength=size).to(vectors.dtype)
            empty = counts == 0
            sums[empty] = vectors[torch.randint(len(vectors), (int(empty.sum()),))]
            self.codebook = F.normalize(sums, dim=1)
        rate = counts.clamp(min=1) / counts.clamp(min=1).mean()
        self.counts.copy_(rate * 4 * self.dead_below)
        self.sums.copy_(self.codebook * self.counts[:, None])


def perplexity(ids: Tensor, codes: int) -> float:
    """exp(entropy) of the ids' histogram: the number of codes in effective use."""
    share = torch.bincount(ids.flatten(), minlength=codes).double() / ids.numel()
    share = share[share > 0]
    return float(torch.exp(-(share * share.log()).sum()))
