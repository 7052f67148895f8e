"""Codec motion vectors to motion fields on the pack's grid, as the server makes them (pipeline/motion).

A field is float32 [2, 20, 36]: forward displacement (now - before) as a fraction of width and of
height, +x right, +y down. Its mask is bool [20, 36]: whether the cell carries a vector.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

ROWS = 20
COLUMNS = 36
FIELDS_PER_CHUNK = 8
BLOCK_PX = 8  # the smallest block that decoders export vectors for
MIN_VALID_SHARE = 0.5  # of a cell's area


@dataclass
class Blocks:
    """Motion between two pictures on blocks of 8 px: float32 [rows, columns, 2], px, (x, y); valid bool [rows, columns]."""

    motion: np.ndarray
    valid: np.ndarray


def no_vectors(width: int, height: int) -> Blocks:
    """Blocks of a picture of this size in px, none of which has a vector."""
    shape = (-(-height // BLOCK_PX), -(-width // BLOCK_PX))
    return Blocks(np.zeros((*shape, 2), np.float32), np.zeros(shape, bool))


def to_blocks(vectors: np.ndarray | None, width: int, height: int) -> Blocks:
    """Spreads FFmpeg motion vectors over the blocks that they cover, but for those into the future; None is a key picture."""
    blocks = no_vectors(width, height)
    if vectors is None:
        return blocks
    vectors = vectors[vectors["source"] <= 0]
    motion = -np.stack([vectors["motion_x"], vectors["motion_y"]], 1) / vectors["motion_scale"][:, None].astype(np.float32)
    left, top = (vectors[f"dst_{axis}"] - vectors[side] // 2 for axis, side in (("x", "w"), ("y", "h")))
    shapes = vectors["w"].astype(int) << 8 | vectors["h"]
    for shape in np.unique(shapes):
        chosen = shapes == shape
        for down in range(-(-(shape & 255) // BLOCK_PX)):
            for across in range(-(-(shape >> 8) // BLOCK_PX)):
                x, y = left[chosen] // BLOCK_PX + across, top[chosen] // BLOCK_PX + down
                inside = (x >= 0) & (y >= 0) & (x < blocks.valid.shape[1]) & (y < blocks.valid.shape[0])
                blocks.motion[y[inside], x[inside]] = motion[chosen][inside]
                blocks.valid[y[inside], x[inside]] = True
    return blocks


def compose(later: Blocks, earlier: Blocks, width: int, height: int) -> Blocks:
    """The motion over both: later(x) + earlier(x - later(x)), read bilinearly between the blocks that have a vector. None where
    `later` has none, where it leads out of the picture, and where it leads to a block that has none."""
    rows, columns = later.valid.shape
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    from_x, from_y = ((at + 0.5) * BLOCK_PX - later.motion[..., axis] for axis, at in enumerate((x, y)))
    inside = (from_x >= 0) & (from_y >= 0) & (from_x <= width) & (from_y <= height)
    at_x, at_y = (np.clip(at / BLOCK_PX - 0.5, 0, most - 1) for at, most in ((from_x, columns), (from_y, rows)))
    nearest = np.floor(at_y + 0.5).astype(int), np.floor(at_x + 0.5).astype(int)
    valid = later.valid & inside & earlier.valid[nearest]
    left, top = np.floor(at_x).astype(int), np.floor(at_y).astype(int)
    right, bottom = np.minimum(left + 1, columns - 1), np.minimum(top + 1, rows - 1)
    to_right, to_bottom = at_x - left, at_y - top
    total, weights = np.zeros_like(later.motion), np.zeros_like(at_x)
    for row, across_rows in ((top, 1 - to_bottom), (bottom, to_bottom)):
        for column, across_columns in ((left, 1 - to_right), (right, to_right)):
            weight = across_rows * across_columns * earlier.valid[row, column]
            total += weight[..., None] * earlier.motion[row, column]
            weights += weight
    motion = later.motion + total / np.maximum(weights, 1e-6)[..., None]
    return Blocks(np.where(valid[..., None], motion, 0), valid)


@lru_cache
def overlaps(length_px: int, cells: int) -> tuple[np.ndarray, np.ndarray]:
    """Which blocks each cell of an axis overlaps: indices and overlaps in px, both [cells, most], 0 px where there are fewer."""
    blocks = -(-length_px // BLOCK_PX)
    edges = np.arange(cells + 1) * length_px / cells
    shared = np.minimum(edges[1:, None], (np.arange(blocks) + 1) * BLOCK_PX) - np.maximum(
        edges[:-1, None], np.arange(blocks) * BLOCK_PX
    )
    shared = np.where(shared > 1e-3, shared, 0)  # below it is the rounding of a border
    most = int((shared > 0).sum(1).max())
    first = np.minimum((shared > 0).argmax(1), blocks - most)
    indices = first[:, None] + np.arange(most)
    return indices, np.take_along_axis(shared, indices, 1)


def to_grid(blocks: Blocks, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """The vector median, by area, of the blocks that each cell overlaps: (field [2, 20, 36], 0 where masked; mask [20, 36])."""
    row, down_px = overlaps(height, ROWS)
    column, across_px = overlaps(width, COLUMNS)
    rows, columns = row[:, None, :, None], column[None, :, None, :]
    shape = (ROWS, COLUMNS, -1)
    areas = ((down_px[:, None, :, None] * across_px[None, :, None, :]) * blocks.valid[rows, columns]).reshape(shape)
    vectors = blocks.motion[rows, columns].reshape(*shape, 2)
    x, y = vectors[..., 0].astype(np.float64), vectors[..., 1].astype(np.float64)
    costs = np.zeros_like(x)
    for other in range(areas.shape[2]):
        across, down = x - x[..., other, None], y - y[..., other, None]
        costs += areas[..., other, None] * np.sqrt(across * across + down * down)
    winner = np.where(areas > 0, costs, np.inf).argmin(2)[..., None, None]
    mask = areas.sum(2) >= MIN_VALID_SHARE * (width / COLUMNS) * (height / ROWS)
    median = np.take_along_axis(vectors, winner, 2)[:, :, 0] / np.array([width, height], np.float32)
    return (median * mask[..., None]).transpose(2, 0, 1), mask


def to_field(steps: list[np.ndarray | None], width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """One field from the vectors of the pictures in it, composed: (field [2, 20, 36] with masked cells 0, mask [20, 36])."""
    motion = to_blocks(steps[0], width, height)
    for vectors in steps[1:]:
        motion = compose(to_blocks(vectors, width, height), motion, width, height)
    return to_grid(motion, width, height)


def to_chunks(fields: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Groups a clip's fields into chunks, padding the last with masked fields.

    Returns (motion float16 [n, 2, 8, 20, 36], mask uint8 [n, 1, 8, 20, 36])."""
    count = -(-len(fields) // FIELDS_PER_CHUNK)
    motion = np.zeros((count * FIELDS_PER_CHUNK, 2, ROWS, COLUMNS), np.float16)
    mask = np.zeros((count * FIELDS_PER_CHUNK, 1, ROWS, COLUMNS), np.uint8)
    for index, (field, valid) in enumerate(fields):
        motion[index] = field
        mask[index, 0] = valid
    shape = (count, FIELDS_PER_CHUNK, -1, ROWS, COLUMNS)
    return motion.reshape(shape).swapaxes(1, 2), mask.reshape(shape).swapaxes(1, 2)
