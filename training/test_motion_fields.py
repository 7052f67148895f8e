"""Blocks, composition, cells and chunks on motion that is known; and the fields that server and training share."""

import json
from pathlib import Path

import numpy as np
import pytest

from motion_fields import Blocks, compose, no_vectors, to_blocks, to_chunks, to_field, to_grid
from record_fields import record

FIXTURES = Path(__file__).parent.parent / "test" / "fixtures"
SIDES = [(name, np.uint8) for name in ("w", "h")]
VECTOR = [("source", np.int32), *SIDES, ("dst_x", np.int16), ("dst_y", np.int16), ("motion_x", np.int32), ("motion_y", np.int32)]


def vectors(*rows: tuple[int, ...]) -> np.ndarray:
    return np.array([*rows], [*VECTOR, ("motion_scale", np.uint16)])


def filled(motion: tuple[float, float], width: int, height: int) -> Blocks:
    blocks = no_vectors(width, height)
    return Blocks(blocks.motion + np.float32(motion), ~blocks.valid)


def test_a_vector_to_the_left_and_below_is_motion_to_the_right_and_up():
    blocks = to_blocks(vectors((-1, 16, 8, 24, 12, -20, 6, 4)), 64, 32)
    assert blocks.valid.sum() == 2 and blocks.valid[1, 2:4].all()
    assert blocks.motion[1, 2].tolist() == [5.0, -1.5]


def test_vectors_into_the_future_and_beyond_the_picture_are_left_out():
    blocks = to_blocks(vectors((1, 8, 8, 4, 4, 8, 8, 4), (-1, 16, 16, 56, 40, 4, 4, 4)), 56, 36)
    assert blocks.valid.sum() == 1 and blocks.valid[4, 6]


def test_motion_is_composed_along_its_way():
    earlier = filled((8, 0), 64, 64)
    earlier.motion[:, :4] = (2, -4)
    later = filled((16, 0), 64, 64)
    total = compose(later, earlier, 64, 64)
    assert total.motion[2, 5].tolist() == [18, -4]  # it was in column 3 before
    assert total.motion[2, 7].tolist() == [24, 0]
    assert not total.valid[:, :2].any() and total.valid[:, 2:].all()  # what came in from the left


def test_composition_stops_at_a_block_without_a_vector():
    earlier = filled((0, 0), 64, 64)
    earlier.valid[3, 3] = False
    total = compose(filled((8, 8), 64, 64), earlier, 64, 64)
    assert not total.valid[4, 4] and total.valid[4, 5]


def test_a_cell_takes_the_median_of_whole_vectors():
    blocks = filled((0, 0), 576, 320)
    blocks.motion[:2, :2] = [[(1, 0), (1, 1)], [(30, -20), (1, 0.25)]]
    field, _ = to_grid(blocks, 576, 320)
    assert np.allclose(field[:, 0, 0] * (576, 320), (1, 0.25))


@pytest.mark.parametrize("without, is_known", [(2, True), (3, False)])
def test_a_cell_has_a_vector_where_half_of_its_area_has(without: int, is_known: bool):
    blocks = filled((4, 2), 576, 320)
    blocks.valid[:2, :2] = np.arange(4).reshape(2, 2) >= without
    field, mask = to_grid(blocks, 576, 320)
    assert mask[0, 0] == is_known and mask.sum() == 720 - (not is_known)
    assert np.allclose(field[:, 0, 0] * (576, 320), (4, 2) if is_known else 0)


def test_the_fields_of_a_video_are_those_that_the_server_is_held_to():
    golden = json.loads((FIXTURES / "golden" / "fields.json").read_text())
    recorded = record(FIXTURES / "media" / golden["video"], golden["quantizer"], golden["rate"], len(golden["bitstream"]))
    assert recorded == golden


def test_a_key_picture_has_an_empty_mask():
    assert not to_field([None], 576, 320)[1].any()


def test_the_last_chunk_is_padded_with_masked_fields():
    field = (np.ones((2, 20, 36), np.float32), np.ones((20, 36), bool))
    motion, mask = to_chunks([field] * 10)
    assert motion.shape == (2, 2, 8, 20, 36)
    assert mask.shape == (2, 1, 8, 20, 36)
    assert mask.sum() == 10 * 20 * 36
    assert (motion[1, :, 2:] == 0).all()
