"""The loop that both trainings of keyframes share."""

import csv
from argparse import Namespace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import visual_run
from quantizer import VectorQuantizer


class Toy(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(16, 16)), nn.Parameter(torch.ones(16))
        self.quantize = VectorQuantizer(8, 4)


@pytest.fixture
def options(tmp_path: Path) -> Namespace:
    for split in ("train", "tune"):
        (tmp_path / split).mkdir()
        Image.new("RGB", (256, 256)).save(tmp_path / split / "photograph--none--black.jpg")
    return Namespace(pictures=tmp_path, out=tmp_path / "run", minutes=1.0, rate=1e-3, threads=1, seed=1)


def train_one_step(options: Namespace, monkeypatch: pytest.MonkeyPatch, share: float = 0.0) -> tuple[float, float]:
    """Returns the weight after a step that spends what is left of the time, `share` of which was spent before, and the pace of the codes."""
    model, budget, followers = Toy(), SimpleNamespace(share=share, spent_s=60.0), []
    monkeypatch.setattr(visual_run, "Budget", lambda minutes, spent_s: budget)

    def loss(step: int, share: float) -> tuple[Tensor, dict[str, float]]:
        budget.share = 1.0
        return model.weight.square().sum() + model.bias.square().sum(), {}

    def training_of(draws: visual_run.Draws) -> SimpleNamespace:
        followers.append(draws.follower)
        return SimpleNamespace(loss=loss)

    visual_run.train(options, model, model.quantize, training_of, lambda model, tune: {}, name="toy")
    return float(model.weight.detach().mean()), followers[0].pace


def test_a_run_that_is_resumed_goes_on_in_its_own_files(options: Namespace, monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = train_one_step(options, monkeypatch)
    second, _ = train_one_step(options, monkeypatch)
    assert second < first < 1
    assert {path.name for path in options.out.iterdir()} == {"toy.pt", "toy-tune.csv"}
    with (options.out / "toy-tune.csv").open(newline="") as file:
        assert [row["step"] for row in csv.DictReader(file)] == ["1", "2"]


@pytest.mark.parametrize("share,pace", [(0.6, 0.906), (0.75, 0.51), (0.99, 0.1)])
def test_codes_follow_as_slowly_as_the_learning_rate_has_fallen(options: Namespace, monkeypatch: pytest.MonkeyPatch, share: float, pace: float) -> None:
    assert train_one_step(options, monkeypatch, share)[1] == pytest.approx(pace, abs=0.001)
