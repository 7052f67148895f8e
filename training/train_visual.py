"""Trains the keyframe tokenizer on crops of photographs."""

import argparse
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from quantizer import perplexity
from run import AveragedWeights, Budget, learning_rate, save_checkpoint, set_learning_rate
from visual_data import CropSampler, load_photographs, squashed
from visual_model import CODES, VisualTokenizer

COMMITMENT_WEIGHT = 0.25
KMEANS_BATCHES = 60  # 60 batches of 12 crops give 11 vectors a code


def reconstruction_loss(output: Tensor, target: Tensor) -> Tensor:
    """L1 + L2 + L1 of the horizontal and vertical differences; RGB in [0, 1], scaled by 2."""
    error = 2 * (output - target)
    across = error[..., :, 1:] - error[..., :, :-1]
    down = error[..., 1:, :] - error[..., :-1, :]
    gradient = across.abs().mean() + down.abs().mean()
    return 0.5 * error.abs().mean() + 2 * error.square().mean() + 0.15 * gradient


def psnr_db(output: Tensor, target: Tensor) -> Tensor:
    """PSNR of each picture [N], after clipping; peak 1."""
    mse = (output.clamp(0, 1) - target).square().mean((1, 2, 3))
    return -10 * mse.clamp(min=1e-8).log10()


def thumbnail(pictures: Tensor, cells: int = 16) -> Tensor:
    """The yardstick: a box thumbnail of `cells` x `cells` scaled up bicubically."""
    small = F.interpolate(pictures, size=(cells, cells), mode="area")
    return F.interpolate(small, size=pictures.shape[-2:], mode="bicubic").clamp(0, 1)


@torch.no_grad()
def evaluate(model: VisualTokenizer, pictures: Tensor) -> str:
    outputs, ids = [], []
    for part in pictures.split(4):
        output, part_ids, _ = model(part)
        outputs.append(output)
        ids.append(part_ids)
    quality = psnr_db(torch.cat(outputs), pictures).mean()
    yardstick = psnr_db(thumbnail(pictures), pictures).mean()
    return f"held-out {quality:.2f} dB, thumbnail {yardstick:.2f} dB, perplexity {perplexity(torch.cat(ids), CODES):.0f}"


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photographs", type=Path, required=True, help="folder made by photographs.py")
    parser.add_argument("--out", type=Path, required=True, help="folder for visual.pt; an existing one is resumed")
    parser.add_argument("--minutes", type=float, default=60, help="time budget, earlier runs counted in")
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--crop", type=int, default=128, help="px, a multiple of 16")
    parser.add_argument("--rate", type=float, default=8e-4, help="peak learning rate")
    parser.add_argument("--continuous-steps", type=int, default=250, help="steps before the codebook is made")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def main() -> None:
    options = parse_options()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "visual.pt"

    model = VisualTokenizer().to(memory_format=torch.channels_last)
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

    crops = CropSampler(load_photographs(options.photographs / "train"), options.crop, options.seed + step)
    held_out = squashed(load_photographs(options.photographs / "held-out"))
    parameters = sum(parameter.numel() for parameter in model.parameters())
    print(f"{len(crops.photographs)} photographs, {len(held_out)} held out, {parameters / 1e6:.2f} M parameters", flush=True)

    collected: list[Tensor] = []
    logged_at, logged_step = time.monotonic(), step
    while budget.share < 1:
        set_learning_rate(optimizer, learning_rate(options.rate, step, budget.share))
        pixels = crops.batch(options.batch).contiguous(memory_format=torch.channels_last)
        if step < options.continuous_steps:
            output, vectors = model.continuous(pixels, noise=0.3)
            loss = reconstruction_loss(output, pixels)
            if step >= options.continuous_steps - KMEANS_BATCHES:
                collected.append(vectors.detach())
            used = 0.0
        else:
            if collected:
                model.quantizer.init_from(torch.cat(collected))
                collected = []
            output, ids, commitment = model(pixels)
            loss = reconstruction_loss(output, pixels) + COMMITMENT_WEIGHT * commitment
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
            quality = psnr_db(output.detach(), pixels).mean()
            print(
                f"step {step} {budget.spent_s / 60:.1f} min loss {loss.item():.4f} crops {quality:.2f} dB "
                f"perplexity {used:.0f} {pace_s * 1000:.0f} ms a step",
                flush=True,
            )
        if step % 300 == 0:
            save()
            print(f"step {step} {evaluate(averaged.model, held_out)}", flush=True)
    save()
    print(f"done: step {step} {evaluate(averaged.model, held_out)}", flush=True)


if __name__ == "__main__":
    main()
