"""Checks of how chunks are drawn, and of the figures that a checkpoint is judged by: python -m pytest training."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import motion_data
from motion_chunks import Chunks, before, hurried
from motion_data import ChunkSampler
from motion_loss import decibels_lost, explained, false_motion, held_loss, unexplained, warped_error
from motion_units import denormalize, in_px, normalize
from picture_fit import PictureFit


def right_px(chunks: Chunks) -> list[float]:
    return in_px(chunks.motion)[:, 0].flatten(1).amax(1).round().tolist()


def test_runs_end_with_their_clip_and_at_still_chunks(chunk_folder: Path) -> None:
    assert [(start, count) for _, start, count in ChunkSampler(chunk_folder, 0).runs] == [(0, 2), (2, 1), (4, 2)]


def test_a_chunk_follows_the_one_before_it_in_its_run(chunk_folder: Path) -> None:
    sampler = ChunkSampler(chunk_folder, 0)
    chunks = sampler.take(sampler.runs)
    assert right_px(chunks) == [1, 2, 3, 4, 5]
    assert chunks.follows.tolist() == [0, 1, 0, 0, 1]
    previous = in_px(before(chunks.motion, chunks.follows))[:, 0].flatten(1).amax(1)
    assert previous.round().tolist() == [0, 1, 0, 0, 4]


def test_batches_are_full_and_mirrored_with_their_signs(chunk_folder: Path) -> None:
    sampler = ChunkSampler(chunk_folder, 0)
    batches = [sampler.batch(7) for _ in range(8)]
    assert {len(chunks.motion) for chunks in batches} == {7}
    extremes = torch.cat([in_px(chunks.motion)[:, 0].flatten(1).sum(1) for chunks in batches])
    assert (extremes > 0).any() and (extremes < 0).any()
    for chunks in batches:
        assert not (chunks.motion * (1 - chunks.mask)).any()


@pytest.mark.parametrize("share,is_bent", [(0.0, False), (1.0, True)])
def test_as_many_runs_are_bent_as_shall_be(chunk_folder: Path, monkeypatch: pytest.MonkeyPatch, share: float, is_bent: bool) -> None:
    monkeypatch.setattr(motion_data, "BENT_SHARE", share)
    monkeypatch.setattr(motion_data, "HURRIED_SHARE", 0.0)
    sampler = ChunkSampler(chunk_folder, 0)
    for run in sampler.runs:
        vertical = sampler._part(run, 8).motion[:, 1]
        assert bool(vertical.any()) == is_bent


def test_fits_are_kept_beside_the_shard(chunk_folder: Path) -> None:
    fitted = ChunkSampler(chunk_folder, 0).runs[0][0].fitted
    assert torch.equal(torch.from_numpy(np.load(chunk_folder / "shard-1-0000.fit.npy")), fitted)


def test_a_run_at_double_speed_has_half_of_the_chunks_and_twice_the_motion(chunk_folder: Path) -> None:
    shard = ChunkSampler(chunk_folder, 0).runs[0][0]
    run = shard.chunks(4, 2)
    run.mask[0, :, 2, 5, 10] = 0
    run.mask[1, :, 5, 3, 20] = 0
    faster = hurried(run, PictureFit())
    assert faster.motion.shape == (1, 2, 8, 20, 36)
    assert in_px(faster.motion)[0, 0, :, 0, 0].round().tolist() == [8, 8, 8, 8, 10, 10, 10, 10]
    assert torch.equal(faster.luma[0], torch.cat([run.luma[0, ::2], run.luma[1, 2::2]]))
    assert torch.equal(run.luma[0, 8], run.luma[1, 0])
    assert faster.mask[0, 0, 1, 5].tolist().count(0) == 2 and not faster.mask[0, 0, 1, 5, 10]
    assert faster.mask[0, 0, 6, 3].tolist().count(0) == 1 and not faster.mask[0, 0, 6, 3, 20]
    assert faster.follows.tolist() == [0]


def one_chunk(motion: Tensor, luma: Tensor | None = None) -> Chunks:
    """A chunk of motion in px, [2, 8, 20, 36]."""
    fractions = motion[None] / torch.tensor([576.0, 320.0]).view(1, 2, 1, 1, 1)
    pictures = torch.zeros(1, 9, 128, 128) if luma is None else luma
    return Chunks(fractions, torch.ones(1, 1, 8, 20, 36), fractions, pictures, torch.zeros(1))


def moves(x_px: float) -> Tensor:
    motion = torch.zeros(2, 8, 20, 36)
    motion[0] = x_px
    return motion


def test_units_and_back_are_the_same_motion() -> None:
    motion = one_chunk(moves(30)).motion * torch.linspace(-1, 1, 36)
    assert torch.allclose(denormalize(normalize(motion)), motion, atol=1e-7)


def test_nothing_explains_nothing_and_the_vectors_themselves_all() -> None:
    chunk = one_chunk(moves(4))
    assert explained(chunk.motion, chunk.motion, chunk.mask) == pytest.approx(1)
    assert explained(chunk.motion * 0, chunk.motion, chunk.mask) == pytest.approx(0)
    assert explained(chunk.motion / 2, chunk.motion, chunk.mask) == pytest.approx(0.75)
    assert float(unexplained(chunk.motion / 2, chunk)) == pytest.approx(0.25 * 16 / 17)


def test_false_motion_is_more_than_half_a_pixel_where_there_is_less_than_a_quarter() -> None:
    true = moves(0)
    true[0, :, :10] = 0.3
    decoded = moves(0.6)
    decoded[0, :, 15:] = 0.4
    chunk = one_chunk(true)
    of_still, of_all = false_motion(one_chunk(decoded).motion, chunk.motion, chunk.mask)
    assert of_still == pytest.approx(0.5) and of_all == pytest.approx(0.25)


def test_true_motion_of_a_pan_makes_better_pictures_than_holding() -> None:
    ramp = torch.sin(torch.arange(192) / 9) / 2 + 0.5
    # Two of 128 pixels a field are 9 px of 576.
    luma = torch.stack([ramp[32 - 2 * tick : 160 - 2 * tick].expand(128, 128) for tick in range(9)])[None]
    chunk = one_chunk(moves(9), luma)
    made, held = decibels_lost(warped_error(chunk.motion, chunk), chunk), held_loss(chunk)
    assert float(held - made) > 0.5
    assert float(decibels_lost(warped_error(-chunk.motion, chunk), chunk)) > float(held)
