"""Trains the keyframe tokenizer on crops of pictures, in stages that each leave a usable model.

fixed: every position has a token. masked: random numbers of tokens, where they look most worth it. scores: what a token
is really worth is regressed, all else standing still. joint: all of it, with the model's own choice of positions.
"""

import argparse
import csv
import random
import time
from dataclasses import dataclass, field
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from picture_quality import psnr_db, reconstruction_loss, thumbnail
from quantizer import CodebookFollower, perplexity
from run import AveragedWeights, Budget, autocast, best_device, learning_rate, save_checkpoint, set_learning_rate
from token_value import decoded_values, thumbnail_values
from dynamic_tokenizer import ranks
from visual_data import FRAME_PX, CropSampler, load_pictures, squashed
from visual_model import CELL_PX, CODES, GRID, KeyframeTokenizer, quadtree

COMMITMENT_WEIGHT = 0.5
SPREAD_WEIGHT = 0.1
SCORE_WEIGHT = 0.05
CONTINUOUS_STEPS = 300  # before the codebook is made
NOISE = 0.3  # of the codebook to be, beside unit vectors
# Of a picture, where the loss begins to tire: 13 dB at first, 35 dB at the end.
LEAST_ERROR = (5e-2, 3e-4)
KMEANS_BATCHES = 80  # 80 batches of 8 crops give 10 vectors a code
WHOLE_SHARE = 0.3  # of the masked batches that have every token
TOKENS = (32, 256)
# (name, share of the time at which it ends)
STAGES = (("fixed", 0.4), ("masked", 0.8), ("scores", 0.84), ("joint", 1.0))


def stage_at(share: float) -> str:
    """The stage that is due when this share of the time is spent."""
    return next((name for name, end in STAGES if share < end), STAGES[-1][0])


@dataclass
class Training:
    """Model, codebook and draws of one run."""

    model: KeyframeTokenizer
    follower: CodebookFollower
    crops: CropSampler
    draw: random.Random
    device: torch.device
    batch: int
    share: float = 0.0  # of the time that is spent
    collected: list[Tensor] = field(default_factory=list)

    def loss(self, stage: str, step: int) -> tuple[Tensor, dict[str, float]]:
        """The loss of one batch and what the log tells of it."""
        if stage == "fixed":
            return self._fixed(step)
        pictures = self._pictures(max(1, self.batch // 4), FRAME_PX)
        features = self.model.features(pictures)
        if stage == "scores":
            return self._score_loss(features.detach(), pictures), {}
        if stage == "masked":
            return self._picture_loss(features, self._mask(thumbnail_values(pictures), noise=1.5), pictures, GRID)
        scores = self.model.tokenizer.scores(features)
        loss, log = self._picture_loss(features, self._mask(scores.detach(), noise=0.5), pictures, GRID)
        return loss + SCORE_WEIGHT * self._score_loss(features.detach(), pictures), log

    def _fixed(self, step: int) -> tuple[Tensor, dict[str, float]]:
        crop_px = FRAME_PX // 2
        pictures = self._pictures(self.batch, crop_px)
        rows = crop_px // CELL_PX
        features = self.model.features(pictures, self.draw.randint(0, GRID - rows), self.draw.randint(0, GRID - rows))
        keep = torch.ones(features.shape[:2], device=self.device)
        if step >= CONTINUOUS_STEPS:
            return self._picture_loss(features, keep, pictures, rows)
        output, vectors = self.model.continuous(features, keep, rows, NOISE)
        if step >= CONTINUOUS_STEPS - KMEANS_BATCHES:
            self.collected.append(vectors.detach().float())
        if step == CONTINUOUS_STEPS - 1:
            self.follower.init_from(torch.cat(self.collected))
            self.collected = []
        # Vectors that all lie on one side of the sphere would share its codes badly.
        spread = vectors.mean(0).square().sum()
        log = {"db": psnr_db(output.detach(), pictures).mean().item(), "spread": spread.item()}
        return self._reconstruction(output, pictures) + SPREAD_WEIGHT * spread, log

    def _pictures(self, count: int, crop_px: int) -> Tensor:
        return self.crops.batch(count, crop_px).to(self.device).contiguous(memory_format=torch.channels_last)

    def _mask(self, values: Tensor, noise: float) -> Tensor:
        """The best positions of each picture by noisy values, as many as drawn."""
        amount = noise * torch.rand(len(values), 1, device=self.device)
        order = ranks(quadtree(values + amount * torch.randn_like(values)))
        cap = torch.tensor([self._tokens() for _ in values], device=self.device)
        return (order < cap[:, None]).float()

    def _tokens(self) -> int:
        return TOKENS[1] if self.draw.random() < WHOLE_SHARE else self.draw.randint(*TOKENS)

    def _picture_loss(self, features: Tensor, keep: Tensor, pictures: Tensor, rows: int) -> tuple[Tensor, dict[str, float]]:
        output, vectors, ids, commitment = self.model(features, keep, rows)
        self.follower.follow(vectors, ids)
        log = {
            "db": psnr_db(output.detach(), pictures).mean().item(),
            "thumbnail": psnr_db(thumbnail(pictures, rows), pictures).mean().item(),
            "perplexity": perplexity(ids, CODES),
            "distance": commitment.item(),
        }
        return self._reconstruction(output, pictures) + COMMITMENT_WEIGHT * commitment, log

    def _reconstruction(self, output: Tensor, pictures: Tensor) -> Tensor:
        first, last = LEAST_ERROR
        return reconstruction_loss(output, pictures, first * (last / first) ** self.share)

    def _score_loss(self, features: Tensor, pictures: Tensor) -> Tensor:
        wanted = decoded_values(self.model, features, pictures)
        return F.smooth_l1_loss(self.model.tokenizer.scores(features), wanted)


@torch.no_grad()
def evaluate(model: KeyframeTokenizer, pictures: Tensor) -> dict[str, float]:
    """Mean PSNR on whole pictures with all tokens and with 128 and 64 of them, and the thumbnail's."""
    figures = {"thumbnail": psnr_db(thumbnail(pictures), pictures).mean().item()}
    for tokens in (256, 128, 64):
        outputs, used = [], []
        for part in pictures.split(4):
            features = model.features(part)
            keep = (ranks(model.scores(features)) < tokens).float()
            output, _, ids, _ = model(features, keep, GRID)
            outputs.append(output)
            used.append(ids)
        figures[f"at {tokens}"] = psnr_db(torch.cat(outputs), pictures).mean().item()
        if tokens == 256:
            figures["perplexity"] = perplexity(torch.cat(used), CODES)
    return figures


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=Path, required=True, help="folder made by pictures.py")
    parser.add_argument("--out", type=Path, required=True, help="folder for visual.pt and visual.csv; an existing one is resumed")
    parser.add_argument("--minutes", type=float, default=100, help="time budget, earlier runs counted in")
    parser.add_argument("--batch", type=int, default=8, help="crops of 128 px; a quarter as many whole pictures")
    parser.add_argument("--rate", type=float, default=8e-4, help="peak learning rate")
    parser.add_argument("--threads", type=int, default=1, help="of the CPU")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def main() -> None:
    options = parse_options()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    path, device = options.out / "visual.pt", best_device()

    model = KeyframeTokenizer().to(device, memory_format=torch.channels_last)
    follower = CodebookFollower(model.tokenizer.quantize)
    averaged = AveragedWeights(model, decay=0.998)
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(learned, lr=options.rate, betas=(0.9, 0.98), weight_decay=1e-4)
    step, spent_s = 0, 0.0
    parts = {"model": model, "averaged": averaged.model, "optimizer": optimizer, "follower": follower}
    if path.exists():
        state = torch.load(path, map_location=device)
        for name, part in parts.items():
            part.load_state_dict(state[name])
        step, spent_s = state["step"], state["spent_s"]
    budget = Budget(options.minutes, spent_s)
    # A resumed run makes new draws; one that is cut off before the codebook exists begins anew.
    seed = options.seed + step
    training = Training(model, follower, CropSampler(load_pictures(options.pictures / "train"), seed), random.Random(seed), device, options.batch)
    tune = squashed([picture for pictures in load_pictures(options.pictures / "tune").values() for picture in pictures]).to(device)
    kinds = {kind: len(pictures) for kind, pictures in training.crops.pictures.items()}
    print(f"{kinds}, {len(tune)} to tune, {sum(parameter.numel() for parameter in learned) / 1e6:.2f} M parameters, {device}", flush=True)

    curve = (options.out / "visual.csv").open("a", newline="")
    rows = csv.writer(curve)
    logged_at, logged_step = time.monotonic(), step
    while budget.share < 1:
        stage = stage_at(budget.share) if step >= CONTINUOUS_STEPS else "fixed"
        set_learning_rate(optimizer, learning_rate(options.rate, step, budget.share))
        training.share = budget.share
        with autocast(device):
            loss, log = training.loss(stage, step)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learned, 5.0)
        optimizer.step()
        step += 1
        averaged.follow(model, step)

        if step % 50 == 0:
            now = time.monotonic()
            pace_ms = (now - logged_at) / (step - logged_step) * 1000
            logged_at, logged_step = now, step
            told = " ".join(f"{name} {value:.2f}" for name, value in log.items())
            print(f"step {step} {budget.spent_s / 60:.1f} min {stage} loss {loss.item():.4f} {told} {pace_ms:.0f} ms a step", flush=True)
        if step % 300 == 0 or budget.share >= 1:
            save_checkpoint(
                path, step=step, spent_s=budget.spent_s, **{name: part.state_dict() for name, part in parts.items()}
            )
            figures = evaluate(averaged.model, tune)
            rows.writerow([step, f"{budget.spent_s:.0f}", stage, *(f"{value:.3f}" for value in figures.values())])
            curve.flush()
            print(f"step {step} tune " + ", ".join(f"{name} {value:.2f}" for name, value in figures.items()), flush=True)


if __name__ == "__main__":
    main()
