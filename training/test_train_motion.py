"""One step of the motion tokenizer's training, and how a run that was stopped goes on."""

from argparse import Namespace
from pathlib import Path

import pytest
import torch

from motion_data import ChunkSampler
from run import Budget
from train_motion import Training


@pytest.fixture
def options(chunk_folder: Path) -> Namespace:
    return Namespace(chunks=chunk_folder, out=chunk_folder, minutes=100.0, batch=2, rate=1e-3, continuous_steps=0, seed=1)


@pytest.mark.parametrize("spent,pace", [(0.3, 1.0), (0.75, 0.51), (1.0, 0.1)])
def test_codes_follow_as_slowly_as_the_learning_rate_has_fallen(options: Namespace, spent: float, pace: float) -> None:
    training = Training(options)
    training.budget = Budget(options.minutes, spent * options.minutes * 60)
    training.step = 100  # the learning rate has risen
    training.advance(ChunkSampler(options.chunks, 0))
    assert training.follower.pace == pytest.approx(pace, abs=0.001)


def test_a_run_that_is_resumed_goes_on_where_it_was(options: Namespace) -> None:
    training = Training(options)
    training.advance(ChunkSampler(options.chunks, 0))
    training.save()
    resumed = Training(options)
    assert resumed.step == 1
    assert resumed.budget.spent_s >= torch.load(training.path)["spent_s"] > 0
    for name, part in training._parts().items():
        torch.testing.assert_close(resumed._parts()[name].state_dict(), part.state_dict())


def test_the_weights_that_warp_best_are_kept(options: Namespace) -> None:
    training = Training(options)
    best = options.out / "motion-best.pt"
    training.save_if_best(20.0)
    training.step = 1
    training.save_if_best(19.0)
    assert torch.load(best)["step"] == 0
    training.save_if_best(21.0)
    assert torch.load(best)["step"] == 1
