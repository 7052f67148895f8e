"""What both trainings of keyframes share: their options, and a loop that can be resumed."""

import argparse
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import torch
from torch import Tensor, nn

from muon import Optimizers
from picture_quality import psnr_db, thumbnail
from quantizer import CodebookFollower, CodebookStart, VectorQuantizer, resumed_step
from run import AveragedWeights, Budget, Curves, autocast, best_device, learning_rate, save_checkpoint
from visual_data import CropSampler, load_pictures, squashed

LOGGED_STEPS = 50
SAVED_STEPS = 300
Model = TypeVar("Model", bound=nn.Module)
CONTINUOUS_STEPS = 300  # before the codebook is made
KMEANS_BATCHES = 80  # 80 batches of 8 crops of 8 x 8 give 10 vectors a code
NOISE = 0.3  # of the codebook to be, beside unit vectors
SPREAD_WEIGHT = 0.1
COMMITMENT_WEIGHT = 2.0


class Training(Protocol):
    """What is trained on."""

    def loss(self, step: int, share: float) -> tuple[Tensor, dict[str, float]]:
        """The loss of one batch when `share` of the time is spent, and what the log tells of it."""


def one_sided(vectors: Tensor) -> Tensor:
    """The loss of unit vectors [M, D] that all lie on one side of the sphere: they would share its codes badly."""
    return SPREAD_WEIGHT * vectors.mean(0).square().sum()


def at_share(ends: tuple[float, float], share: float) -> float:
    """From the first to the last of two numbers above zero, evenly in their logarithm."""
    first, last = ends
    return first * (last / first) ** share


@dataclass
class Draws:
    """Where a run's pictures and codes come from."""

    follower: CodebookFollower
    codebook_start: CodebookStart
    crops: CropSampler
    random: random.Random
    device: torch.device

    def pictures(self, count: int, crop_px: int) -> Tensor:
        """Augmented crops float32 [count, 3, crop_px, crop_px]."""
        return self.crops.batch(count, crop_px).to(self.device).contiguous(memory_format=torch.channels_last)


def told(output: Tensor, pictures: Tensor, cells: int, perplexity: float = 0.0, distance: float = 0.0) -> dict[str, float]:
    """What the log tells of a batch: PSNR and that of a thumbnail of cells x cells, what of the codebook is used, how well it fits."""
    return {
        "db": psnr_db(output.detach(), pictures).mean().item(),
        "thumbnail_db": psnr_db(thumbnail(pictures, cells), pictures).mean().item(),
        "perplexity": perplexity,
        "distance": distance,
    }


def options_parser(description: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--pictures", type=Path, required=True, help="folder made by pictures.py")
    parser.add_argument("--out", type=Path, required=True, help="folder for the checkpoint and its curves; an existing one is resumed")
    parser.add_argument("--minutes", type=float, default=100, help="time budget, earlier runs counted in")
    parser.add_argument("--batch", type=int, default=8, help="crops a step; of whole pictures for keyframes of dynamic length a quarter as many")
    parser.add_argument("--rate", type=float, default=1e-3, help="peak learning rate")
    parser.add_argument("--threads", type=int, default=1, help="of the CPU")
    parser.add_argument("--seed", type=int, default=1)
    return parser


def tuning_pictures(folder: Path) -> Tensor:
    """The pictures to tune on, whole, as the server sees frames."""
    return squashed([picture for kind in load_pictures(folder / "tune").values() for picture in kind])


def train(
    options: argparse.Namespace,
    model: Model,
    quantizer: VectorQuantizer,
    training_of: Callable[[Draws], Training],
    evaluate: Callable[[Model, Tensor], dict[str, float]],
    name: str = "visual",
    first_step: int = 0,
) -> None:
    """Trains until the time is spent; checkpoint and curves go to `options.out`, named after `name`. A model that has a
    codebook already begins behind the steps that are without."""
    torch.set_num_threads(options.threads)
    options.out.mkdir(parents=True, exist_ok=True)
    path, device = options.out / f"{name}.pt", best_device()
    model.to(device, memory_format=torch.channels_last)
    follower = CodebookFollower(quantizer)
    averaged = AveragedWeights(model, decay=0.998)
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = Optimizers(model, options.rate, weight_decay=1e-4)
    step, spent_s = first_step, 0.0
    parts = {"model": model, "averaged": averaged.model, "optimizer": optimizer, "follower": follower}
    if path.exists():
        state = torch.load(path, map_location=device)
        for key, part in parts.items():
            part.load_state_dict(state[key])
        step, spent_s = resumed_step(state["step"], CONTINUOUS_STEPS, KMEANS_BATCHES), state["spent_s"]
    budget = Budget(options.minutes, spent_s)
    # A resumed run makes new draws.
    seed = options.seed + step
    crops = CropSampler(load_pictures(options.pictures / "train"), seed)
    start = CodebookStart(follower, CONTINUOUS_STEPS, KMEANS_BATCHES)
    training = training_of(Draws(follower, start, crops, random.Random(seed), device))
    tune = tuning_pictures(options.pictures).to(device)
    kinds = {kind: len(pictures) for kind, pictures in crops.pictures.items()}
    print(f"{kinds}, {len(tune)} to tune, {sum(parameter.numel() for parameter in learned) / 1e6:.2f} M parameters, {device}", flush=True)

    steps, checks = Curves(options.out / f"{name}-steps.csv"), Curves(options.out / f"{name}-tune.csv")
    while budget.share < 1:
        rate = learning_rate(options.rate, step - first_step, budget.share)
        optimizer.set_rate(rate)
        follower.settle(rate / options.rate)
        with autocast(device):
            loss, log = training.loss(step, budget.share)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learned, 5.0)
        optimizer.step()
        step += 1
        averaged.follow(model, step)

        at = {"step": step, "minutes": budget.spent_s / 60}
        if step % LOGGED_STEPS == 0:
            steps.add(at | {"loss": loss.item()} | log)
        if step % SAVED_STEPS == 0 or budget.share >= 1:
            save_checkpoint(path, step=step, spent_s=budget.spent_s, **{key: part.state_dict() for key, part in parts.items()})
            checks.add(at | evaluate(averaged.model, tune))
