"""Keyframes of dynamic length: the small pack's stem and pixel decoder around LaVIT's dynamic tokenizer.

Not what the pack has: see `compare_lengths.py`.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dynamic_tokenizer import DynamicTokenizer, DynamicTokenizerConfig
from quantizer import disturbed
from visual_model import CODE_DIM, CODES, GRID, WIDTHS, PixelDecoder, Stem, normalized

SMALL = DynamicTokenizerConfig(width=WIDTHS[2], heads=4, blocks=1, mlp_width=512, codes=CODES, code_dim=CODE_DIM)

# Of the positions that always have a token, one in each 4 x 4: a plain wall still says its color.
ANCHOR_SCORE = 1e3
# Taken from a logarithm to leave it out of a sum, and added to a parent's score to put it before its children.
NEVER = 60.0
TIE = 1e-3


class PlacedStem(Stem):
    """Normalized RGB float32 [N, 3, H, W] to features [N, P, C], P = H/16 * W/16, that know where they are."""

    def __init__(self) -> None:
        super().__init__()
        self.pos_embed = nn.Parameter(0.02 * torch.randn(1, WIDTHS[2], GRID, GRID))

    def forward(self, pixels: Tensor, top: int = 0, left: int = 0) -> Tensor:
        """A part of a keyframe, when training, says at which row and column of the grid it lies."""
        x = super().forward(pixels)
        rows, columns = x.shape[2:]
        x = x + self.pos_embed[:, :, top : top + rows, left : left + columns]
        return x.flatten(2).transpose(1, 2)


def lattice(rows: int, columns: int, step: int) -> Tensor:
    """1 at one position of each step x step (1, 2 or 4), 0 elsewhere: float32 [rows * columns]; coarser ones lie within finer ones."""
    grid = torch.zeros(rows, columns)
    first = min(step, 2) - 1
    grid[first::step, first::step] = 1
    return grid.flatten()


def spread(x: Tensor, step: int) -> Tensor:
    """Each value of [N, C, h, w] for step x step positions, [N, C, h * step, w * step], by reshape and expand."""
    n, channels, rows, columns = x.shape
    wide = x[:, :, :, None, :, None].expand(n, channels, rows, step, columns, step)
    return wide.reshape(n, channels, rows * step, columns * step)


def gathered(values: Tensor, step: int) -> Tensor:
    """log(sum(exp)) of each step x step of [N, 1, rows, columns]."""
    return (F.avg_pool2d(values.exp(), step) * step**2).log()


def quadtree(values: Tensor) -> Tensor:
    """Values [N, 256] of single positions, logarithms, to scores by which a ranking grows a quadtree: the three positions
    that refine a 2 x 2 stand or fall together, as do those that refine a 4 x 4, which come before what refines them."""
    grid = values.view(-1, 1, GRID, GRID)
    is_anchor, is_middle = (lattice(GRID, GRID, step).to(values).view(1, 1, GRID, GRID) for step in (4, 2))
    fine = gathered(grid - NEVER * is_middle, 2)
    middle = gathered(grid - NEVER * (1 - is_middle), 4)
    middle = torch.maximum(middle, F.max_pool2d(fine, 2))
    scores = torch.where(is_middle > 0, spread(middle, 4) + TIE, spread(fine, 2))
    return torch.where(is_anchor > 0, torch.full_like(scores, ANCHOR_SCORE), scores).flatten(1)


def heirs(keep: Tensor) -> tuple[Tensor, Tensor]:
    """Which dropped positions of keep [N, 1, rows, columns] the kept one of their 2 x 2 stands for, and which, lacking
    that, the anchor of their 4 x 4."""
    near = (1 - keep) * spread(keep[:, :, 1::2, 1::2], 2)
    far = (1 - keep - near) * spread(keep[:, :, 1::4, 1::4], 4)
    return near, far


def pooled(features: Tensor, keep: Tensor) -> Tensor:
    """Features [N, C, rows, columns]; a kept position's become the mean of its own and of those that it stands for."""
    rows, columns = keep.shape[2:]
    total, count = features, torch.ones_like(keep)
    for step, mine in zip((2, 4), heirs(keep), strict=True):
        owner = lattice(rows, columns, step).to(keep).view(1, 1, rows, columns) * keep
        total = total + owner * spread(F.avg_pool2d(features * mine, step), step) * step**2
        count = count + owner * spread(F.avg_pool2d(mine, step), step) * step**2
    return total / count


def inherited(codes: Tensor, keep: Tensor) -> Tensor:
    """Codes [N, D, rows, columns] with those of dropped positions taken from the ones that stand for them, or zeros."""
    near, far = heirs(keep)
    return codes * keep + near * spread(codes[:, :, 1::2, 1::2], 2) + far * spread(codes[:, :, 1::4, 1::4], 4)


class DynamicKeyframes(nn.Module):
    """Stem, dynamic tokenizer and pixel decoder together."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = PlacedStem()
        self.tokenizer = DynamicTokenizer(SMALL)
        self.mask_token = nn.Parameter(torch.zeros(CODE_DIM))
        self.decoder = PixelDecoder()

    def features(self, pixels: Tensor, top: int = 0, left: int = 0) -> Tensor:
        """RGB in [0, 1] [N, 3, H, W] to features [N, P, C]."""
        return self.stem(normalized(pixels), top, left)

    def scores(self, features: Tensor) -> Tensor:
        """How much each position of a whole keyframe wants a token, [N, 256], growing a quadtree from the anchors."""
        return quadtree(self.tokenizer.scores(features))

    def vectors(self, features: Tensor, keep: Tensor, rows: int) -> Tensor:
        """Unit vectors [N, P, D] to be quantized; rows of dropped positions mean nothing."""
        grid, kept = (x.transpose(1, 2).unflatten(2, (rows, -1)) for x in (features, keep[..., None]))
        return self.tokenizer.vectors(pooled(grid, kept).flatten(2).transpose(1, 2), keep)

    def pixels(self, codes: Tensor, keep: Tensor, rows: int) -> Tensor:
        """Codes [N, P, D] of the kept positions to RGB [N, 3, H, W]; the mask token tells the decoder of inheritance."""
        grid, kept = (x.transpose(1, 2).unflatten(2, (rows, -1)) for x in (codes, keep[..., None]))
        return self.decoder(inherited(grid, kept) + self.mask_token.view(1, -1, 1, 1) * (1 - kept))

    def forward(self, features: Tensor, keep: Tensor, rows: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Returns (RGB [N, 3, H, W], unit vectors of the kept positions [M, D], their ids [M], commitment loss)."""
        vectors = self.vectors(features, keep, rows)
        chosen = keep.flatten() > 0
        flat = vectors.flatten(0, 1)
        codes, ids, distances = self.tokenizer.quantize(flat)
        commitment = distances[chosen].mean()
        return self.pixels(codes.view_as(vectors), keep, rows), flat[chosen], ids[chosen], commitment

    def continuous(self, features: Tensor, keep: Tensor, rows: int, noise: float) -> tuple[Tensor, Tensor]:
        """Autoencodes without the codebook; noise stands for the error that it will make.

        Returns (RGB [N, 3, H, W], vectors of the kept positions [M, D])."""
        vectors = self.vectors(features, keep, rows)
        return self.pixels(disturbed(vectors, noise), keep, rows), vectors[keep > 0]
