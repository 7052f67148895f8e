"""The motion tokenizer: a VQ autoencoder of motion fields made of spatio-temporal blocks and strided convolutions.

One set of modules for Video-LaVIT's motion tokenizer (arXiv 2402.03161, appendix A; parameter names of
`motion_tokenizer.bin`) and for the small pack's; `motion_config.py` says what differs. Fields are float32
[N, C, T, rows, columns] outside, [N, T, C, rows, columns] inside.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from motion_config import MotionConfig
from quantizer import VectorQuantizer
from spatio_temporal import Downsample, SpatioTemporalBlock, Upsample


def task_layer(width: int, out: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, width), nn.Tanh(), nn.Linear(width, out))


def rows_last(x: Tensor) -> Tensor:
    """[N, T, C, H, W] to [N, T, H * W, C]."""
    return x.flatten(3).transpose(2, 3)


def as_maps(x: Tensor, like: tuple[int, int]) -> Tensor:
    """[N, T, H * W, C] to [N, T, C, H, W]."""
    return x.transpose(2, 3).unflatten(3, like)


def blocks_of(config: MotionConfig, order: range, width_of: int) -> nn.ModuleList:
    """The blocks of all stages in a row, as their names count them."""
    return nn.ModuleList(
        SpatioTemporalBlock(config.widths[stage + width_of], config.head_width, config.mlp_ratio, config.causal)
        for stage in order
        for _ in range(config.stages[stage].blocks)
    )


def patches(fields: Tensor, config: MotionConfig) -> Tensor:
    """The cells behind each token: [N, C, T, rows, columns] to [N, t, h * w, C * cells]."""
    (t, h, w), (over_t, over_h, over_w) = config.tokens, config.patch
    split = fields.view(-1, fields.shape[1], t, over_t, h, over_h, w, over_w)
    return split.permute(0, 2, 4, 6, 1, 3, 5, 7).reshape(-1, t, h * w, fields.shape[1] * config.cells_per_token)


def unpatched(rows: Tensor, config: MotionConfig) -> Tensor:
    """The inverse of `patches`."""
    (t, h, w), (over_t, over_h, over_w) = config.tokens, config.patch
    split = rows.view(-1, t, h, w, config.outputs, over_t, over_h, over_w)
    return split.permute(0, 4, 1, 5, 2, 6, 3, 7).reshape(-1, config.outputs, config.fields, config.rows, config.columns)


class TokenizerEncoder(nn.Module):
    """Fields [N, inputs, T, rows, columns] to features [N, t, h * w, C], t, h, w of the tokens."""

    def __init__(self, config: MotionConfig):
        super().__init__()
        self.config = config
        first = config.widths[0]
        self.in_proj = nn.Linear(config.inputs, first)
        self.pos_embed = nn.Parameter(torch.zeros(1, config.rows * config.columns, first))
        self.temp_pos = nn.Parameter(torch.zeros(1, config.fields, first))
        self.blocks = blocks_of(config, range(len(config.stages)), 0)
        self.down_sample_layers = nn.ModuleList(
            Downsample(config.widths[index], config.widths[index + 1], stage, config.causal)
            for index, stage in enumerate(config.stages)
        )
        self.norm = nn.LayerNorm(config.widths[-1])
        if config.shallow:
            self.patch_proj = nn.Linear(config.inputs * config.cells_per_token, config.widths[config.token_stage])

    def forward(self, fields: Tensor) -> Tensor:
        size = (self.config.rows, self.config.columns)
        rows = self.in_proj(fields.flatten(3).permute(0, 2, 3, 1))
        rows = rows + self.pos_embed[:, None] + self.temp_pos[:, : rows.shape[1], None]
        blocks = iter(self.blocks)
        for index, stage in enumerate(self.config.stages):
            if self.config.shallow and index == self.config.token_stage:
                rows = rows + self.patch_proj(patches(fields, self.config))
            if stage.blocks == 0 and self.config.shallow:
                rows = rows + F.gelu(rows)
            for _ in range(stage.blocks):
                rows = next(blocks)(rows)
            maps = self.down_sample_layers[index](as_maps(rows, size))
            rows, size = rows_last(maps), maps.shape[-2:]
        return self.norm(rows)


class TokenizerDecoder(nn.Module):
    """Codes [N, t, h * w, D] to features [N, T, rows * columns, C]; a shallow one also tells its features at the scale of
    the tokens, [N, t, h * w, C]."""

    def __init__(self, config: MotionConfig):
        super().__init__()
        self.config = config
        order = range(len(config.stages) - 1, -1, -1)
        self.in_proj = nn.Linear(config.code_dim * 2 + 1 if config.context else config.code_dim, config.widths[-1])
        self.up_sample_layers = nn.ModuleList(
            Upsample(config.widths[index + 1], config.widths[index], config.stages[index], config.causal) for index in order
        )
        self.blocks = blocks_of(config, order, 0)
        self.norm = nn.LayerNorm(config.widths[0])
        if config.shallow:
            scales = [(*config.scale(index), config.widths[index]) for index in order]
            self.pos_embed = nn.ParameterList(torch.zeros(1, 1, rows * columns, width) for _, rows, columns, width in scales)
            self.temp_pos = nn.ParameterList(torch.zeros(1, fields, 1, width) for fields, _, _, width in scales)

    def forward(self, codes: Tensor) -> tuple[Tensor, Tensor]:
        size = self.config.tokens[1:]
        rows = coarse = self.in_proj(codes)
        blocks = iter(self.blocks)
        for index, stage in enumerate(reversed(self.config.stages)):
            maps = self.up_sample_layers[index](as_maps(rows, size))
            rows, size = rows_last(maps), maps.shape[-2:]
            if self.config.shallow:
                rows = rows + self.pos_embed[index] + self.temp_pos[index]
                if stage.blocks == 0 and index + 1 < len(self.config.stages):
                    rows = rows + F.gelu(rows)
            for _ in range(stage.blocks):
                rows = next(blocks)(rows)
            if size == self.config.tokens[1:]:
                coarse = rows
        return self.norm(rows), coarse


class MotionTokenizer(nn.Module):
    """Encoder, codebook and decoder together, with the names of the official checkpoint."""

    def __init__(self, config: MotionConfig):
        super().__init__()
        self.config = config
        self.encoder = TokenizerEncoder(config)
        self.encode_task_layer = task_layer(config.widths[-1], config.code_dim)
        self.quantize = VectorQuantizer(config.codes, config.code_dim)
        self.decoder = TokenizerDecoder(config)
        self.decode_task_layer = task_layer(config.widths[0], config.outputs)
        if config.shallow:
            self.patch_layer = nn.Linear(config.widths[config.token_stage], config.outputs * config.cells_per_token)

    def vectors(self, fields: Tensor) -> Tensor:
        """Unit vectors [N, tokens, D] of fields [N, inputs, T, rows, columns], tokens in the order (time, row, column)."""
        features = self.encode_task_layer(self.encoder(fields))
        return F.normalize(features.flatten(1, 2), dim=2)

    def fields(self, codes: Tensor) -> Tensor:
        """What codes [N, tokens, D] stand for: [N, outputs, T, rows, columns]. With context, D is that of `with_context`."""
        _, rows, columns = self.config.tokens
        by_place = codes.unflatten(1, (-1, rows * columns))
        features, coarse = self.decoder(by_place)
        fields = self.decode_task_layer(features).permute(0, 3, 1, 2).unflatten(3, (self.config.rows, self.config.columns))
        return fields + unpatched(self.patch_layer(coarse), self.config) if self.config.shallow else fields

    def with_context(self, codes: Tensor, previous: Tensor, has_previous: Tensor) -> Tensor:
        """Codes [N, tokens, D] beside those of the chunk before, zeros where `has_previous` [N] is 0, and that flag."""
        flag = has_previous.view(-1, 1, 1)
        return torch.cat([codes, previous * flag, flag.expand(-1, codes.shape[1], 1)], 2)
