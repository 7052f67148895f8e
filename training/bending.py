"""Motion that is less even than that of rendered scenes: chunks seen as through glass that moves."""

import torch
import torch.nn.functional as F
from torch import Tensor

from motion_chunks import Chunks, in_chunks, in_sequence, small
from motion_fields import COLUMNS, FIELDS_PER_CHUNK, ROWS
from picture_fit import LARGEST, PictureFit, moved, places, sample

LEAST_STEP, MOST_STEP = 0.0015, 0.03  # of the picture, from tick to tick
FARTHEST = 0.12  # of the picture, that a pattern takes anything from its place
STEEPEST = 0.35  # change of a pattern's displacement from cell to cell, in cells; all together 1.5 times that, so nothing folds
CLOSEST = 1.25  # how much the view is enlarged at most, so that what a bend brings in is mostly a picture too
MOST_PATTERNS = 3
KNOTS = (1, 1, 2, 3, 4, 6)  # rows of a pattern's coarse grid, drawn evenly; one is a shift of the whole
LOCAL_SHARE = 0.5  # of patterns
VALID_SHARE = 0.5  # of a sample of four cells of a mask


def log_uniform(least: float, most: float, random: torch.Generator) -> float:
    return float(least * (most / least) ** torch.rand((), generator=random))


def held_by_hand(ticks: int, random: torch.Generator) -> Tensor:
    return torch.randn(ticks, generator=random) / 2**0.5


def to_and_fro(ticks: int, random: torch.Generator) -> Tensor:
    period = log_uniform(3, 16, random)
    return torch.sin(torch.arange(ticks) * (2 * torch.pi / period) + 6.3 * torch.rand((), generator=random)) * period / 4.5


def in_jerks(ticks: int, random: torch.Generator) -> Tensor:
    speed = torch.zeros(ticks)
    for _ in range(1 + ticks // FIELDS_PER_CHUNK):
        start = int(torch.randint(ticks, (), generator=random))
        speed[start : start + int(torch.randint(1, 5, (), generator=random))] = torch.randn((), generator=random)
    return speed.cumsum(0)


def wandering(ticks: int, random: torch.Generator) -> Tensor:
    kept = float(torch.rand((), generator=random))
    speed = torch.randn(ticks, generator=random)
    for tick in range(1, ticks):
        speed[tick] = kept * speed[tick - 1] + (1 - kept**2) ** 0.5 * speed[tick]
    return speed.cumsum(0)


PATHS = (held_by_hand, to_and_fro, in_jerks, wandering)


def path(ticks: int, random: torch.Generator) -> Tensor:
    """How far along a pattern is at each tick, 0 at the first, by steps of about 1: [ticks]."""
    way = PATHS[int(torch.randint(len(PATHS), (), generator=random))](ticks, random)
    return way - way[0]


def pattern(random: torch.Generator) -> Tensor:
    """A smooth displacement of about 1, of the whole or of one place: [2, 20, 36]."""
    rows = KNOTS[int(torch.randint(len(KNOTS), (), generator=random))]
    knots = torch.randn(1, 2, rows, 2 * rows - 1, generator=random)
    field = F.interpolate(knots, (ROWS, COLUMNS), mode="bicubic", align_corners=False)
    if torch.rand((), generator=random) < LOCAL_SHARE:
        centre, reach = 1.6 * torch.rand(2, generator=random) - 0.8, log_uniform(0.2, 0.8, random)
        distance = ((places(ROWS, COLUMNS) - centre) / reach).square().sum(-1)
        field = field * torch.exp(-distance / 2)
    return field[0]


def gentle(field: Tensor, farthest: float, steepest: float) -> Tensor:
    """A displacement [..., 2, 20, 36] in fractions, made smaller where it goes too far or changes too fast."""
    in_cells = field * field.new_tensor([COLUMNS, ROWS]).view(2, 1, 1)
    slope = max(float(in_cells.diff(dim=axis).abs().max()) for axis in (-1, -2))
    return field * min(1.0, farthest / max(float(field.abs().max()), 1e-9), steepest / max(slope, 1e-9))


def enlargement(random: torch.Generator) -> tuple[float, Tensor]:
    """Part of the view that is shown, of each side, and the displacement to it: [2, 20, 36]."""
    part = 1 / log_uniform(1, CLOSEST, random)
    here = places(ROWS, COLUMNS)[0].permute(2, 0, 1)
    centre = (1 - part) * (2 * torch.rand(2, 1, 1, generator=random) - 1)
    return part, (here * part + centre - here) / 2


def bends(ticks: int, random: torch.Generator) -> Tensor:
    """At each tick, where each place takes its content from: displacements [ticks, 2, 20, 36] in fractions."""
    total = torch.zeros(ticks, 2, ROWS, COLUMNS)
    for _ in range(int(torch.randint(1, MOST_PATTERNS + 1, (), generator=random))):
        step = log_uniform(LEAST_STEP, MOST_STEP, random)
        total += gentle(step * path(ticks, random).view(-1, 1, 1, 1) * pattern(random), FARTHEST, STEEPEST)
    part, closer = enlargement(random)
    return gentle(total, 1.0, 1.5 * STEEPEST) * part + closer


@torch.no_grad()
def bent(chunks: Chunks, fit: PictureFit, random: torch.Generator) -> Chunks:
    """A run of chunks in one clip, bent at random; the codec's fields change as the pictures do, and the fit is made anew."""
    count = len(chunks.motion)
    bend = bends(count * FIELDS_PER_CHUNK + 1, random)
    motion, mask = in_sequence(chunks.motion), in_sequence(chunks.mask)
    cells = places(ROWS, COLUMNS)
    source = moved(cells, -bend[1:])
    source_before = moved(source, sample(motion, source))
    was = source_before
    for _ in range(4):  # where the bend before this one takes it from there, by a fixed point
        was = moved(source_before, sample(bend[:-1], was))
    field = ((cells - was) / 2).permute(0, 3, 1, 2).clamp(-LARGEST, LARGEST)
    known = (sample(mask, source) > VALID_SHARE).to(mask.dtype)
    motion, mask = in_chunks(field * known), in_chunks(known)
    luma = bent_pictures(chunks.luma, bend)
    return Chunks(motion, mask, fit(motion, mask, small(luma)), luma, chunks.follows)


def bent_pictures(luma: Tensor, bend: Tensor) -> Tensor:
    """The pictures [N, 9, s, s] of a run by the displacements of its 8 N + 1 ticks."""
    ticks = torch.arange(len(luma))[:, None] * FIELDS_PER_CHUNK + torch.arange(FIELDS_PER_CHUNK + 1)
    fine = F.interpolate(bend, luma.shape[-2:], mode="bilinear", align_corners=False)[ticks].flatten(0, 1)
    return sample(luma.flatten(0, 1)[:, None], moved(places(*luma.shape[-2:]), -fine)).view_as(luma)
