"""Codec motion vectors to motion fields on the pack's grid.

A field is float32 [2, 20, 36]: forward displacement (now - before) as a fraction of width and of
height, +x right, +y down. Its mask is bool [20, 36]: whether the cell has a vector at all.
"""

import cv2
import numpy as np

ROWS = 20
COLUMNS = 36
FIELDS_PER_CHUNK = 8
UNIT_PX = 4  # the smallest block of any codec used here
SAMPLES = 4  # a cell is sampled at 4 x 4 points


def paint(vectors: np.ndarray, width: int, height: int) -> np.ndarray:
    """Paints FFmpeg motion vectors on a map of 4 x 4 px units: float32 [h/4, w/4, 2], px, NaN where none."""
    rows, columns = -(-height // UNIT_PX), -(-width // UNIT_PX)
    canvas = np.full((rows, columns, 2), np.nan, np.float32)
    scale = vectors["motion_scale"].astype(np.float32)
    sign = vectors["source"].astype(np.float32)  # -1: the reference is in the past
    motion = np.stack([vectors["motion_x"] * sign / scale, vectors["motion_y"] * sign / scale], 1)
    left = (vectors["dst_x"] - vectors["w"] // 2) // UNIT_PX
    top = (vectors["dst_y"] - vectors["h"] // 2) // UNIT_PX
    for block_w, block_h in {(int(w), int(h)) for w, h in zip(vectors["w"], vectors["h"])}:
        chosen = (vectors["w"] == block_w) & (vectors["h"] == block_h)
        for down in range(block_h // UNIT_PX):
            for across in range(block_w // UNIT_PX):
                y, x = top[chosen] + down, left[chosen] + across
                inside = (y >= 0) & (y < rows) & (x >= 0) & (x < columns)
                canvas[y[inside], x[inside]] = motion[chosen][inside]
    return canvas


def compose(later: np.ndarray, earlier: np.ndarray) -> np.ndarray:
    """The motion over both of two painted maps in a row: later(x) + earlier(x - later(x)), NaN where either has none."""
    rows, columns = later.shape[:2]
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    from_x, from_y = x - later[..., 0] / UNIT_PX, y - later[..., 1] / UNIT_PX
    known = ~np.isnan(earlier[..., :1])
    read = np.concatenate([np.where(known, earlier, 0), known.astype(np.float32)], 2)
    found = cv2.remap(read, from_x, from_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    outside = (from_x < -0.5) | (from_y < -0.5) | (from_x > columns - 0.5) | (from_y > rows - 0.5)
    total = later + found[..., :2] / np.maximum(found[..., 2:], 1e-6)
    total[~(found[..., 2] >= 0.5) | outside] = np.nan
    return total


def to_field(steps: list[np.ndarray | None], width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """One field from the vectors of the pictures in it: composed, then per cell the median, component by component and
    by area, of the blocks that cover it.

    Returns (field [2, 20, 36] with masked cells 0, mask [20, 36])."""
    if any(vectors is None or not len(vectors) for vectors in steps):
        return np.zeros((2, ROWS, COLUMNS), np.float32), np.zeros((ROWS, COLUMNS), bool)
    canvas = paint(steps[0], width, height)
    for vectors in steps[1:]:
        canvas = compose(paint(vectors, width, height), canvas)
    y = ((np.arange(ROWS * SAMPLES) + 0.5) / (ROWS * SAMPLES) * height / UNIT_PX).astype(int)
    x = ((np.arange(COLUMNS * SAMPLES) + 0.5) / (COLUMNS * SAMPLES) * width / UNIT_PX).astype(int)
    points = canvas[y[:, None], x[None, :]].reshape(ROWS, SAMPLES, COLUMNS, SAMPLES, 2)
    points = points.transpose(0, 2, 4, 1, 3).reshape(ROWS, COLUMNS, 2, -1)
    mask = ~np.isnan(points[:, :, 0]).all(-1)
    field = np.zeros((ROWS, COLUMNS, 2), np.float32)
    field[mask] = np.nanmedian(points[mask], axis=-1)
    field /= np.array([width, height], np.float32)
    return field.transpose(2, 0, 1), mask


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
