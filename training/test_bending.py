"""Checks that what is bent goes on being what its fields say: python -m pytest training."""

import pytest
import torch

from bending import bends, bent
from motion_chunks import Chunks
from motion_fields import COLUMNS, ROWS
from motion_loss import warped_error
from picture_fit import PictureFit

SEEDS = range(6)


def panned(x_px: int) -> Chunks:
    """A run of two chunks over waves that go `x_px` of 128 pixels to the right each tick; an eighth of the cells is masked."""
    place = torch.arange(128 + 16 * x_px) / 7
    waves = ((torch.sin(place)[None] + torch.cos(place * 1.3)[:128, None]) / 4 + 0.5)[None]
    seen = torch.cat([waves[..., x_px * (16 - tick) :][..., :128] for tick in range(17)])
    motion = torch.zeros(2, 2, 8, ROWS, COLUMNS)
    motion[:, 0] = x_px / 128
    mask = torch.ones(2, 1, 8, ROWS, COLUMNS)
    mask[:, :, 3] = 0
    return Chunks(motion * mask, mask, motion, torch.stack([seen[:9], seen[8:]]), torch.tensor([0.0, 1.0]))


def known_everywhere(run: Chunks) -> Chunks:
    run.mask[:] = 1
    run.motion = run.fitted.clone()
    return run


@pytest.mark.parametrize("x_px", [0, 1])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_fields_go_on_making_the_pictures(seed: int, x_px: int) -> None:
    run = bent(known_everywhere(panned(x_px)), PictureFit(), torch.Generator().manual_seed(seed))
    held = warped_error(run.motion * 0, run).mean()
    for motion in (run.motion, run.fitted):
        assert float(warped_error(motion, run).mean() / held) < 0.7


@pytest.mark.parametrize("seed", SEEDS)
def test_chunks_still_show_one_picture_where_they_meet(seed: int) -> None:
    run = bent(panned(1), PictureFit(), torch.Generator().manual_seed(seed))
    assert torch.equal(run.luma[0, 8], run.luma[1, 0])
    assert not torch.equal(run.luma[0, 8], panned(1).luma[0, 8])
    assert run.follows.tolist() == [0, 1]


def test_cells_without_a_vector_have_none_afterwards() -> None:
    run = bent(panned(1), PictureFit(), torch.Generator().manual_seed(1))
    assert run.mask.mean((0, 1, 3, 4)).tolist() == [1, 1, 1, 0, 1, 1, 1, 1]
    assert not run.motion[:, :, 3].any() and run.motion[:, :, 4].any()


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_folds(seed: int) -> None:
    bend = bends(17, torch.Generator().manual_seed(seed))
    assert bend.shape == (17, 2, ROWS, COLUMNS)
    across = bend[:, 0].diff(dim=-1) * COLUMNS
    down = bend[:, 1].diff(dim=-2) * ROWS
    assert across.min() > -1 and down.min() > -1
    assert (bend[1:] != bend[:-1]).any()
