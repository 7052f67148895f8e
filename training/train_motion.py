"""Trains the motion tokenizer on chunks of motion fields."""

import argparse
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from motion_data import ChunkSampler
from motion_model import CODES, MotionTokenizer, denormalize, gated, moving_cells, normalize
from quantizer import perplexity
from run import AveragedWeights, Budget, learning_rate, save_checkpoint, set_learning_rate

COMMITMENT_WEIGHT = 0.25
STILL_WEIGHT = 0.2
LINEAR_WEIGHT = 10.0  # a unit is a fraction of the picture: 0.01 of it costs as much as 0.1 normalized
GATE_WEIGHT = 0.5
KMEANS_BATCHES = 45
UNITS_LIMIT = 5.0  # asinh(0.15 / 0.002)


def masked_mean(values: Tensor, weight: Tensor) -> Tensor:
    return (values * weight).sum() / weight.expand_as(values).sum().clamp(min=1)


def reconstruction_loss(units: Tensor, logit: Tensor, motion: Tensor, mask: Tensor) -> Tensor:
    """Huber in network units and L1 in fractions on moving cells, less on still ones; and the gate."""
    moves = moving_cells(motion).to(motion.dtype)
    weight = mask * (moves + STILL_WEIGHT * (1 - moves))
    huber = F.smooth_l1_loss(units, normalize(motion), beta=0.3, reduction="none")
    linear = (denormalize(units.clamp(-UNITS_LIMIT, UNITS_LIMIT)) - motion).abs()
    gate = F.binary_cross_entropy_with_logits(logit, moves, reduction="none")
    # A fast cell wrongly held still costs more than a slow one.
    stakes = mask * (1 + 0.5 * normalize(motion).abs().amax(1, keepdim=True))
    return masked_mean(huber + LINEAR_WEIGHT * linear, weight) + GATE_WEIGHT * masked_mean(gate, stakes)


def explained(output: Tensor, motion: Tensor, mask: Tensor) -> float:
    """1 - sum|v - v^|^2 / sum|v|^2 over valid cells."""
    error = ((output - motion).square() * mask).sum()
    return float(1 - error / (motion.square() * mask).sum())


def false_motion(output: Tensor, motion: Tensor, mask: Tensor) -> float:
    """The share of still valid cells whose output moves by 0.25 px of 576 x 320 or more."""
    still = mask.bool() & ~moving_cells(motion)
    return float((still & moving_cells(output)).sum() / still.sum().clamp(min=1))


@torch.no_grad()
def evaluate(model: MotionTokenizer, motion: Tensor, mask: Tensor) -> str:
    outputs, ids = [], []
    for part, part_mask in zip(motion.split(16), mask.split(16)):
        units, logit, part_ids, _ = model(normalize(part), part_mask)
        outputs.append(denormalize(gated(units, logit)))
        ids.append(part_ids)
    output = torch.cat(outputs)
    return (
        f"held-out explained {explained(output, motion, mask):.3f}, "
        f"false motion {false_motion(output, motion, mask):.4f}, perplexity {perplexity(torch.cat(ids), CODES):.0f}"
    )


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=Path, required=True, help="folder with train/ and held-out/ of make_motion.py")
    parser.add_argument("--out", type=Path, required=True, help="folder for motion.pt; an existing one is resumed")
    parser.add_argument("--minutes", type=float, default=40, help="time budget, earlier runs counted in")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=8e-4, help="peak learning rate")
    parser.add_argument("--continuous-steps", type=int, default=200, help="steps before the codebook is made")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def main() -> None:
    options = parse_options()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "motion.pt"

    model = MotionTokenizer()
    averaged = AveragedWeights(model, decay=0.998)
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.rate, betas=(0.9, 0.98), weight_decay=1e-4)
    step, spent_s = 0, 0.0
    if path.exists():
        state = torch.load(path, map_location="cpu")
        model.load_state_dict(state["model"])
        averaged.model.load_state_dict(state["averaged"])
        optimizer.load_state_dict(state["optimizer"])
        step, spent_s = state["step"], state["spent_s"]
    budget = Budget(options.minutes, spent_s)

    def save() -> None:
        save_checkpoint(
            path,
            model=model.state_dict(),
            averaged=averaged.model.state_dict(),
            optimizer=optimizer.state_dict(),
            step=step,
            spent_s=budget.spent_s,
        )

    chunks = ChunkSampler(options.chunks / "train", options.seed + step)
    held_out = ChunkSampler(options.chunks / "held-out", 0)
    held_out_mask = held_out.mask.float()
    held_out_motion = held_out.motion.float() * held_out_mask
    parameters = sum(parameter.numel() for parameter in model.parameters())
    print(f"{len(chunks)} chunks, {len(held_out)} held out, {parameters / 1e6:.2f} M parameters", flush=True)

    collected: list[Tensor] = []
    logged_at, logged_step = time.monotonic(), step
    while budget.share < 1:
        set_learning_rate(optimizer, learning_rate(options.rate, step, budget.share))
        motion, mask = chunks.batch(options.batch)
        if step < options.continuous_steps:
            units, logit, vectors = model.continuous(normalize(motion), mask, noise=0.3)
            loss = reconstruction_loss(units, logit, motion, mask)
            if step >= options.continuous_steps - KMEANS_BATCHES:
                collected.append(vectors.detach())
            used = 0.0
        else:
            if collected:
                model.quantizer.init_from(torch.cat(collected))
                collected = []
            units, logit, ids, commitment = model(normalize(motion), mask)
            loss = reconstruction_loss(units, logit, motion, mask) + COMMITMENT_WEIGHT * commitment
            used = perplexity(ids, CODES)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step += 1
        averaged.follow(model, step)

        if step % 50 == 0:
            now = time.monotonic()
            pace_s = (now - logged_at) / (step - logged_step)
            logged_at, logged_step = now, step
            share = explained(denormalize(gated(units, logit)).detach(), motion, mask)
            print(
                f"step {step} {budget.spent_s / 60:.1f} min loss {loss.item():.4f} explained {share:.3f} "
                f"perplexity {used:.0f} {pace_s * 1000:.0f} ms a step",
                flush=True,
            )
        if step % 300 == 0:
            save()
            chunks.refresh()
            print(f"step {step} {len(chunks)} chunks {evaluate(averaged.model, held_out_motion, held_out_mask)}", flush=True)
    save()
    print(f"done: step {step} {evaluate(averaged.model, held_out_motion, held_out_mask)}", flush=True)


if __name__ == "__main__":
    main()
