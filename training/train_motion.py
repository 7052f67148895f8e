"""Trains the small pack's motion tokenizer on chunks of motion fields."""

import argparse
import time
from pathlib import Path

import torch

from motion_config import SMALL
from motion_data import ChunkSampler
from motion_loss import Weights, decibels_lost, explained, false_motion, held_loss, motion_loss, warped_error
from motion_model import MotionTokenizer
from motion_pack import cells_of, continuous, initialized, quantized
from motion_units import denormalize, gated
from muon import Optimizers
from quantizer import CodebookFollower, CodebookStart, perplexity, resumed_step
from run import AveragedWeights, Budget, Curves, autocast, best_device, learning_rate, save_checkpoint

KMEANS_BATCHES = 45
EVALUATED_CHUNKS = 160
LOGGED_STEPS = 25
NOISE = 0.3  # of the codebook to be, beside unit vectors
SHARDS_AT_ONCE = 2  # that are taken in while training goes on


@torch.no_grad()
def evaluate(model: MotionTokenizer, tune: ChunkSampler) -> dict[str, float]:
    """On the tuning set: PSNR of holding, of the decoded and of the codec's motion, the share kept of the gain, and the
    figures of `kinoglyph eval`."""
    device = next(model.parameters()).device
    outputs, ids, parts, errors = [], [], [], []
    for chunks in tune.in_order(16, EVALUATED_CHUNKS):
        chunks = chunks.to(device)
        units, logit, _, part_ids, _ = quantized(model, cells_of(chunks), chunks.follows)
        output = denormalize(gated(units, logit))
        errors.append([-10 * float(decibels_lost(warped_error(motion, chunks), chunks)) for motion in (output * 0, output, chunks.motion)])
        outputs.append(output)
        ids.append(part_ids)
        parts.append(chunks)
    output, motion, mask = torch.cat(outputs), torch.cat([part.motion for part in parts]), torch.cat([part.mask for part in parts])
    weights = torch.tensor([float(len(part.motion)) for part in parts])
    hold, kept, true = (torch.tensor(errors) * weights[:, None]).sum(0).div(weights.sum()).tolist()
    of_still, of_all = false_motion(output, motion, mask)
    return {
        "hold_db": hold,
        "decoded_db": kept,
        "true_db": true,
        "kept": (kept - hold) / (true - hold),
        "explained": explained(output, motion, mask),
        "false_of_still": of_still,
        "false_of_all": of_all,
        "perplexity": perplexity(torch.cat(ids), model.config.codes),
    }


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=Path, required=True, help="folder of make_motion.py with train/ and tune/")
    parser.add_argument("--tune", default="tune", help="the folder in it that the checkpoint is chosen by")
    parser.add_argument("--out", type=Path, required=True, help="folder for motion.pt; an existing one is resumed")
    parser.add_argument("--minutes", type=float, default=90, help="time budget, earlier runs counted in")
    parser.add_argument("--batch", type=int, default=16, help="chunks a step")
    parser.add_argument("--rate", type=float, default=1.5e-3, help="peak learning rate")
    parser.add_argument("--continuous-steps", type=int, default=250, help="steps before the codebook is made")
    parser.add_argument("--evaluate-every", type=int, default=300, help="steps between checkpoints")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


class Training:
    """Everything that a stopped run needs to go on."""

    def __init__(self, options: argparse.Namespace):
        self.options, self.path = options, options.out / "motion.pt"
        self.device = best_device()
        self.model = initialized(SMALL).to(self.device)
        self.averaged = AveragedWeights(self.model, decay=0.998)
        self.follower = CodebookFollower(self.model.quantize)
        self.optimizer = Optimizers(self.model, options.rate, weight_decay=1e-3)
        self.step, self.best_db, spent_s = 0, 0.0, 0.0
        self.codebook_start = CodebookStart(self.follower, options.continuous_steps, KMEANS_BATCHES)
        if self.path.exists():
            spent_s = self._load()
        self.budget = Budget(options.minutes, spent_s)
        self.weights = Weights()

    def _parts(self) -> dict[str, object]:
        return {"model": self.model, "averaged": self.averaged.model, "follower": self.follower, "optimizer": self.optimizer}

    def _load(self) -> float:
        state = torch.load(self.path, map_location=self.device)
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        self.step, self.best_db = resumed_step(state["step"], self.options.continuous_steps, KMEANS_BATCHES), state["best_db"]
        return state["spent_s"]

    def save(self) -> None:
        state = {name: part.state_dict() for name, part in self._parts().items()}
        save_checkpoint(self.path, **state, step=self.step, best_db=self.best_db, spent_s=self.budget.spent_s)

    def save_if_best(self, decibels: float) -> None:
        """Keeps the averaged weights that warp best on the tuning set in motion-best.pt."""
        if decibels > self.best_db:
            self.best_db = decibels
            save_checkpoint(self.path.with_name("motion-best.pt"), averaged=self.averaged.model.state_dict(), step=self.step)

    def advance(self, sampler: ChunkSampler) -> dict[str, float]:
        """One step; returns the terms of its loss."""
        options = self.options
        rate = learning_rate(options.rate, self.step, self.budget.share)
        self.optimizer.set_rate(rate)
        self.follower.settle(rate / options.rate)
        chunks = sampler.batch(options.batch).to(self.device)
        inputs, ids = cells_of(chunks), None
        with autocast(self.device):
            if self.step < options.continuous_steps:
                units, logit, vectors = continuous(self.model, inputs, chunks.follows, noise=NOISE)
                commitment = units.new_zeros(())
                self.codebook_start.take_in(vectors, self.step)
            else:
                units, logit, vectors, ids, commitment = quantized(self.model, inputs, chunks.follows)
        ticks = range(self.step % 2, 8, 2)  # every second picture is enough of a sample, and half of the work
        terms = motion_loss(units.float(), logit.float(), chunks, self.weights, ticks, has_gate=ids is not None)
        gained_db = 10 * (held_loss(chunks, ticks) - terms["warp"].detach() / self.weights.warp)
        terms["commitment"] = self.weights.commitment * commitment.float()
        self.optimizer.zero_grad()
        torch.stack(list(terms.values())).sum().backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        if ids is not None:
            self.follower.follow(vectors, ids)
        self.step += 1
        self.averaged.follow(self.model, self.step)
        used = perplexity(ids, SMALL.codes) if ids is not None else 0.0
        told = {name: float(term.detach()) for name, term in terms.items()}
        return told | {"gained_db": float(gained_db), "batch_perplexity": used}


def main() -> None:
    options = parse_options()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    training = Training(options)
    sampler = ChunkSampler(options.chunks / "train", options.seed + training.step)
    tune = ChunkSampler(options.chunks / options.tune, 0)
    steps, checks = Curves(options.out / "motion-steps.csv"), Curves(options.out / "motion-tune.csv")
    size = sum(parameter.numel() for parameter in training.model.parameters())
    print(f"{len(sampler)} chunks, {len(tune)} to tune by, {size / 1e6:.2f} M parameters, {training.device}", flush=True)

    logged_at, logged_step = time.monotonic(), training.step
    while training.budget.share < 1:
        terms = training.advance(sampler)
        if training.step % LOGGED_STEPS == 0:
            now = time.monotonic()
            pace_ms = (now - logged_at) / (training.step - logged_step) * 1000
            logged_at, logged_step = now, training.step
            sampler.refresh(most=SHARDS_AT_ONCE)
            steps.add({"step": training.step, "minutes": training.budget.spent_s / 60, "ms": pace_ms} | terms)
        if training.step % options.evaluate_every == 0 or training.budget.share >= 1:
            figures = evaluate(training.averaged.model, tune)
            training.save_if_best(figures["decoded_db"])
            training.save()
            checks.add({"step": training.step, "minutes": training.budget.spent_s / 60, "chunks": len(sampler)} | figures)


if __name__ == "__main__":
    main()
