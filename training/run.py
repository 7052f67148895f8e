"""What both trainings share: the time budget, the learning rate, averaged weights, checkpoints, curves."""

import contextlib
import copy
import csv
import math
import time
from pathlib import Path

import torch
from torch import nn


def best_device() -> torch.device:
    """CUDA where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def autocast(device: torch.device) -> contextlib.AbstractContextManager[object]:
    """bfloat16 on CUDA; nothing on the CPU, where it is slower."""
    return torch.autocast("cuda", torch.bfloat16) if device.type == "cuda" else contextlib.nullcontext()


class Budget:
    """Minutes of training, counted across resumed runs."""

    def __init__(self, minutes: float, spent_s: float = 0.0):
        self.total_s = minutes * 60
        self._spent_before_s = spent_s
        self._start = time.monotonic()

    @property
    def spent_s(self) -> float:
        return self._spent_before_s + time.monotonic() - self._start

    @property
    def share(self) -> float:
        """The part of the budget that is spent, 0 to 1."""
        return min(1.0, self.spent_s / self.total_s)


def learning_rate(peak: float, step: int, share: float, warm_up_steps: int = 100, hold: float = 0.5) -> float:
    """Linear warm-up, then the peak until `hold` of the time is spent, then half a cosine to 2 %."""
    if share < hold:
        return peak * min(1.0, (step + 1) / warm_up_steps)
    fall = (share - hold) / (1 - hold)
    return peak * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * fall)))


class AveragedWeights:
    """A copy of a model that follows its parameters slowly, and codebooks and buffers at once."""

    def __init__(self, model: nn.Module, decay: float):
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def follow(self, model: nn.Module, step: int) -> None:
        decay = min(self.decay, (1 + step) / (10 + step))
        pairs = list(zip(self.model.parameters(), model.parameters(), strict=True))
        learned = [(mine, theirs) for mine, theirs in pairs if theirs.requires_grad]
        torch._foreach_lerp_([mine for mine, _ in learned], [theirs for _, theirs in learned], 1 - decay)
        for mine, theirs in pairs:
            if not theirs.requires_grad:
                mine.copy_(theirs)
        for name, buffer in model.named_buffers():
            self.model.get_buffer(name).copy_(buffer)


def save_checkpoint(path: Path, **state: object) -> None:
    """Writes beside the target first, so that a reader never sees half a file."""
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.rename(path)


class Curves:
    """A table beside the checkpoint; its columns are those of the first row that is ever written."""

    def __init__(self, path: Path):
        self.path = path

    def add(self, row: dict[str, float]) -> None:
        new = not self.path.exists()
        columns = list(row) if new else self.path.open().readline().strip().split(",")
        with self.path.open("a", newline="") as file:
            writer = csv.DictWriter(file, columns, extrasaction="ignore")
            if new:
                writer.writeheader()
            writer.writerow({name: f"{value:.5g}" for name, value in row.items()})
        print(" ".join(f"{name} {value:.4g}" for name, value in row.items()), flush=True)
