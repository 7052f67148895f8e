"""Fits motion to the pictures that it moves.

A codec's vectors are what was cheapest to code: on flat ground and along edges they are anything, and what they cost in
tokens is spent on nothing that anybody sees. So the codec's fields are only where the search begins. What is looked for
is a smooth map of where each place of the chunk's later pictures was in its first one: knots on a coarse grid, moved by damped Gauss-Newton steps on the difference of the pictures (B. D. Lucas and T. Kanade, "An Iterative
Image Registration Technique with an Application to Stereo Vision", IJCAI 1981, section 4; weights after Geman and McClure).
All of it is plain tensor algebra, so that it is part of the exported encoder.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from motion_fields import COLUMNS, FIELDS_PER_CHUNK, ROWS

LUMA_ROWS, LUMA_COLUMNS = 40, 72
KNOT_ROWS, KNOT_COLUMNS = 10, 18
ROUNDS = 3  # more of them win little and leave the codec further behind
DAMPING = 1e-5  # of squared gradients of the luma, 0 to 1
OUTLIER = 0.15  # a difference of luma at which a pixel counts a quarter
STIFFNESS = 0.3  # share of its neighbourhood's mean that a knot takes after each round
LONGEST_STEP = 2.0  # pixels of the luma in one round
LARGEST = 0.12  # fraction of the picture, of a field


def places(rows: int, columns: int) -> Tensor:
    """The centres of a grid's cells: [1, rows, columns, 2], (x, y), -1 to 1."""
    y, x = (torch.arange(count) * 2 + 1.0 for count in (rows, columns))
    y, x = torch.meshgrid(y / rows - 1, x / columns - 1, indexing="ij")
    return torch.stack([x, y], -1)[None]


def sample(map: Tensor, grid: Tensor) -> Tensor:
    return F.grid_sample(map, grid, mode="bilinear", padding_mode="border", align_corners=False)


def moved(grid: Tensor, displacement: Tensor) -> Tensor:
    """Where the places of a grid were: displacement [M, 2, rows, columns] in fractions, of which the whole width is 2."""
    return grid - 2 * displacement.permute(0, 2, 3, 1)


def mean_around(map: Tensor, reach: int = 1) -> Tensor:
    """The mean over a square of 2 * reach + 1 cells, the border repeated."""
    return F.avg_pool2d(F.pad(map, (reach,) * 4, mode="replicate"), 2 * reach + 1, 1)


def between(knots: Tensor, rows: int, columns: int) -> Tensor:
    """What knots [M, 2, 10, 18] say at the cells of a finer grid."""
    return F.interpolate(knots, (rows, columns), mode="bilinear", align_corners=False)


def fill(motion: Tensor, mask: Tensor) -> Tensor:
    """Gives masked cells the mean of the valid ones around them, or of all where none is near; zero where there is none."""
    filled, known = motion * mask, mask
    for reach in (1, 3):
        share = F.avg_pool2d(known, 2 * reach + 1, 1, reach)
        around = F.avg_pool2d(filled, 2 * reach + 1, 1, reach) / share.clamp(min=1e-6)
        new = (1 - known) * (share > 0).to(known.dtype)
        filled, known = filled + new * around, known + new
    everywhere = filled.mean((2, 3), keepdim=True) / known.mean((2, 3), keepdim=True).clamp(min=1e-6)
    return filled + (1 - known) * everywhere


class PictureFit(nn.Module):
    """Motion [N, 2, 8, 20, 36] in fractions, mask [N, 1, 8, 20, 36], luma [N, 9, 40, 72] of 0 to 1: the fitted motion."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("cells", places(ROWS, COLUMNS), persistent=False)
        self.register_buffer("pixels", places(LUMA_ROWS, LUMA_COLUMNS), persistent=False)
        self.register_buffer("pixel", torch.tensor([1 / LUMA_COLUMNS, 1 / LUMA_ROWS]).view(1, 2, 1, 1), persistent=False)

    def forward(self, motion: Tensor, mask: Tensor, luma: Tensor) -> Tensor:
        by_field = fill(motion.transpose(1, 2).flatten(0, 1), mask.transpose(1, 2).flatten(0, 1))
        ways = self._ways(mean_around(by_field).unflatten(0, (-1, FIELDS_PER_CHUNK)))
        knots = F.avg_pool2d(ways.flatten(0, 1), ROWS // KNOT_ROWS)
        first = luma[:, :1].expand(-1, FIELDS_PER_CHUNK, -1, -1).flatten(0, 1).unsqueeze(1)
        later = luma[:, 1:].flatten(0, 1).unsqueeze(1)
        for _ in range(ROUNDS):
            knots = self._improve(knots, first, later)
        return self._fields(between(knots, ROWS, COLUMNS).unflatten(0, (-1, FIELDS_PER_CHUNK)))

    def _ways(self, fields: Tensor) -> Tensor:
        """The displacement since the chunk's first picture: [N, 8, 2, 20, 36], as the fields."""
        ways = [fields[:, 0]]
        for field in fields.unbind(1)[1:]:
            ways.append(field + sample(ways[-1], moved(self.cells, field)))
        return torch.stack(ways, 1)

    def _fields(self, ways: Tensor) -> Tensor:
        """The inverse of `_ways`: [N, 2, 8, 20, 36], each field by a fixed point."""
        by_tick = ways.unbind(1)
        fields = [by_tick[0]]
        for before, way in zip(by_tick, by_tick[1:]):
            field = way - before
            for _ in range(3):
                field = way - sample(before, moved(self.cells, field))
            fields.append(field)
        return torch.stack(fields, 2).clamp(-LARGEST, LARGEST)

    def _improve(self, knots: Tensor, first: Tensor, later: Tensor) -> Tensor:
        warped = sample(first, moved(self.pixels, between(knots, LUMA_ROWS, LUMA_COLUMNS)))
        padded = F.pad(warped, (1, 1, 1, 1), mode="replicate")
        across = (padded[:, :, 1:-1, 2:] - padded[:, :, 1:-1, :-2]) / 2
        down = (padded[:, :, 2:, 1:-1] - padded[:, :, :-2, 1:-1]) / 2
        left = later - warped
        trust = 1 / (1 + (left / OUTLIER).square())
        products = trust * torch.cat([across * across, across * down, down * down, across * left, down * left], 1)
        around = mean_around(F.avg_pool2d(products, LUMA_ROWS // KNOT_ROWS))
        xx, xy, yy, xe, ye = around.split(1, 1)
        xx, yy = xx + DAMPING, yy + DAMPING
        step = torch.cat([xy * ye - yy * xe, xy * xe - xx * ye], 1) / (xx * yy - xy * xy)
        improved = knots + step.clamp(-LONGEST_STEP, LONGEST_STEP) * self.pixel
        return torch.lerp(improved, mean_around(improved), STIFFNESS)
