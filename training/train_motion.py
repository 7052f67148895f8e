"""Trains the motion tokenizer on chunks of motion fields."""

import argparse
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from motion_data import Chunks, ChunkSampler
from motion_model import CODES, SURE_LOGIT, MotionTokenizer, denormalize, gated, moving_cells
from quantizer import perplexity
from run import AveragedWeights, Budget, learning_rate, save_checkpoint, set_learning_rate
from warping import warp

COMMITMENT_WEIGHT = 0.25
WARP_WEIGHT = 2.0
FIELD_WEIGHT = 0.4
STILL_WEIGHT = 0.2
LINEAR_WEIGHT = 10.0  # a unit is a fraction of the picture: 0.01 of it costs as much as 0.1 normalized
GATE_WEIGHT = 0.1
KMEANS_BATCHES = 45
UNITS_LIMIT = 5.0  # asinh(0.15 / 0.002)

# Mean squared error of a decoded keyframe, 24 dB: what is better than that is not worth tokens.
KEYFRAME_ERROR = 0.004
FLAT_WEIGHT = 0.15  # of a vector that nobody sees, beside one in structure


def masked_mean(values: Tensor, weight: Tensor) -> Tensor:
    return (values * weight).sum() / weight.expand_as(values).sum().clamp(min=1)


def field_loss(units: Tensor, logit: Tensor, inputs: Tensor) -> Tensor:
    """Huber in network units and L1 in fractions on moving cells, less on still and on flat ones; and the gate."""
    target, seen = inputs[:, :2], FLAT_WEIGHT + (1 - FLAT_WEIGHT) * inputs[:, 2:]
    moves = moving_cells(denormalize(target)).to(target.dtype)
    huber = F.smooth_l1_loss(units, target, beta=0.3, reduction="none")
    linear = (denormalize(units.clamp(-UNITS_LIMIT, UNITS_LIMIT)) - denormalize(target)).abs()
    gate = F.binary_cross_entropy_with_logits(logit, moves, reduction="none")
    field = masked_mean(huber + LINEAR_WEIGHT * linear, seen * (moves + STILL_WEIGHT * (1 - moves)))
    return FIELD_WEIGHT * field + GATE_WEIGHT * masked_mean(gate, seen)


def warped_error(motion: Tensor, chunks: Chunks) -> Tensor:
    """Mean squared error of each picture that the motion makes of the chunk's first one: [N, 8]."""
    first = blurred(chunks.luma[:, :1])
    return (warp(first, motion) - chunks.luma[:, 1:]).square().mean((2, 3))


def blurred(picture: Tensor) -> Tensor:
    """A picture as soft as a decoded keyframe: 1 2 1 in both directions."""
    kernel = torch.tensor([1.0, 2.0, 1.0], device=picture.device) / 4
    padded = F.pad(picture, (1, 1, 1, 1), mode="replicate")
    return F.conv2d(padded, (kernel[:, None] * kernel).view(1, 1, 3, 3))


def decibels_lost(errors: Tensor, chunks: Chunks) -> Tensor:
    """The mean of log(error) over the pictures of a chunk that are not padding, in units of 10 dB."""
    shown = chunks.mask.flatten(3).any(3)[:, 0].to(errors.dtype)
    return ((errors + KEYFRAME_ERROR).log10() * shown).sum() / shown.sum().clamp(min=1)


def warp_loss(units: Tensor, logit: Tensor, chunks: Chunks) -> Tensor:
    open_share = torch.sigmoid(logit)
    is_open = (logit > SURE_LOGIT).to(units.dtype)
    # Hard as at inference, with the gradient of the soft gate.
    gate = is_open + open_share - open_share.detach()
    motion = denormalize((units * gate).clamp(-UNITS_LIMIT, UNITS_LIMIT))
    return decibels_lost(warped_error(motion, chunks), chunks)


def loss_of(units: Tensor, logit: Tensor, inputs: Tensor, chunks: Chunks) -> Tensor:
    return WARP_WEIGHT * warp_loss(units, logit, chunks) + field_loss(units, logit, inputs)


def explained(output: Tensor, motion: Tensor, mask: Tensor) -> float:
    """1 - sum|v - v^|^2 / sum|v|^2 over valid cells."""
    error = ((output - motion).square() * mask).sum()
    return float(1 - error / (motion.square() * mask).sum())


def false_motion(output: Tensor, motion: Tensor, mask: Tensor) -> float:
    """The share of still valid cells whose output moves by 0.25 px of 576 x 320 or more."""
    still = mask.bool() & ~moving_cells(motion)
    return float((still & moving_cells(output)).sum() / still.sum().clamp(min=1))


@torch.no_grad()
def evaluate(model: MotionTokenizer, held_out: ChunkSampler) -> str:
    """Explained motion, false motion, code use, and the share kept of what true motion gains over holding."""
    outputs, ids, parts = [], [], []
    decibels = torch.zeros(3)  # of holding, of the decoded motion, of the true one
    for chosen in torch.arange(len(held_out)).split(16):
        chunks = held_out.take(chosen)
        units, logit, part_ids, _ = model(model.inputs(chunks.motion, chunks.mask, chunks.small_luma))
        output = denormalize(gated(units, logit))
        for index, motion in enumerate((torch.zeros_like(output), output, chunks.motion)):
            decibels[index] -= 10 * decibels_lost(warped_error(motion, chunks), chunks) * len(chosen) / len(held_out)
        outputs.append(output)
        ids.append(part_ids)
        parts.append(chunks)
    output, motion, mask = torch.cat(outputs), torch.cat([part.motion for part in parts]), torch.cat([part.mask for part in parts])
    hold, kept, true = decibels.tolist()
    return (
        f"held-out explained {explained(output, motion, mask):.3f}, false motion {false_motion(output, motion, mask):.4f}, "
        f"perplexity {perplexity(torch.cat(ids), CODES):.0f}, hold {hold:.2f} decoded {kept:.2f} true {true:.2f} dB, "
        f"kept {(kept - hold) / (true - hold):.3f}"
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
    parameters = sum(parameter.numel() for parameter in model.parameters())
    print(f"{len(chunks)} chunks, {len(held_out)} held out, {parameters / 1e6:.2f} M parameters", flush=True)

    collected: list[Tensor] = []
    logged_at, logged_step = time.monotonic(), step
    while budget.share < 1:
        set_learning_rate(optimizer, learning_rate(options.rate, step, budget.share))
        batch = chunks.batch(options.batch)
        with torch.no_grad():
            inputs = model.inputs(batch.motion, batch.mask, batch.small_luma)
        if step < options.continuous_steps:
            units, logit, vectors = model.continuous(inputs, noise=0.3)
            loss = loss_of(units, logit, inputs, batch)
            if step >= options.continuous_steps - KMEANS_BATCHES:
                collected.append(vectors.detach())
            used = 0.0
        else:
            if collected:
                model.quantizer.init_from(torch.cat(collected))
                collected = []
            units, logit, ids, commitment = model(inputs)
            loss = loss_of(units, logit, inputs, batch) + COMMITMENT_WEIGHT * commitment
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
            share = explained(denormalize(gated(units, logit)).detach(), batch.motion, batch.mask)
            print(
                f"step {step} {budget.spent_s / 60:.1f} min loss {loss.item():.4f} explained {share:.3f} "
                f"perplexity {used:.0f} {pace_s * 1000:.0f} ms a step",
                flush=True,
            )
        if step % 300 == 0:
            save()
            chunks.refresh()
            print(f"step {step} {len(chunks)} chunks {evaluate(averaged.model, held_out)}", flush=True)
    save()
    print(f"done: step {step} {evaluate(averaged.model, held_out)}", flush=True)


if __name__ == "__main__":
    main()
