"""Compares ways to spend few tokens on a keyframe, at equal bits, on the pictures to tune on.

dynamic: what ships, positions told by one bit each. no anchors: the same ranking with no position sure of its token.
dual grain: one token for each 2 x 2 positions, all four where that is worth most. blind merger: what ships, but the merger
takes every position for kept. fixed: the same net on a smaller picture, all positions, scaled up bicubically.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from calibration import threshold_for
from dynamic_tokenizer import kept
from export_visual import load_visual
from picture_quality import psnr_db
from visual_data import load_pictures, squashed
from visual_model import ANCHOR_BONUS, CELL_PX, GRID, KeyframeTokenizer, lattice

BITS_PER_TOKEN = 12
POSITION_BITS = GRID * GRID
BUDGETS = (32, 48, 64, 96, 128, 160, 192, 256)
SIDES = (4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)

Choose = Callable[[Tensor], Tensor]


def by_threshold(scores: Tensor, tokens: int) -> Tensor:
    """As the encoder graph chooses, with the threshold that gives these pictures `tokens` in the mean."""
    threshold = torch.full((len(scores),), threshold_for(scores, tokens))
    return kept(scores, threshold, torch.full((len(scores),), float(min(POSITION_BITS, 2 * tokens))))


def dual_grain_scores(scores: Tensor) -> Tensor:
    """One score for each 2 x 2 positions, the middle lattice above all."""
    blocks = F.avg_pool2d(scores.view(-1, 1, GRID, GRID).exp(), 2)
    spread = F.interpolate(blocks, scale_factor=2, mode="nearest").flatten(1).log()
    return torch.where(lattice(GRID, GRID, 2) > 0, torch.full_like(spread, ANCHOR_BONUS), spread)


@torch.no_grad()
def decibels(model: KeyframeTokenizer, pictures: Tensor, keep: Tensor, merger_keep: Tensor) -> float:
    """Mean PSNR with tokens where `keep` says, the merger told `merger_keep`."""
    values = []
    for part, mine, told in zip(pictures.split(4), keep.split(4), merger_keep.split(4), strict=True):
        vectors = model.vectors(model.features(part), told, GRID)
        codes = model.tokenizer.quantize(vectors.flatten(0, 1))[0].view_as(vectors)
        values.append(psnr_db(model.pixels(codes, mine, GRID), part))
    return torch.cat(values).mean().item()


@torch.no_grad()
def fixed_decibels(model: KeyframeTokenizer, pictures: Tensor, side: int) -> float:
    """Mean PSNR of the same net on pictures of `side` x `side` positions, scaled up."""
    small = F.interpolate(pictures, size=side * CELL_PX, mode="bicubic", antialias=True).clamp(0, 1)
    values = []
    for part, whole in zip(small.split(4), pictures.split(4), strict=True):
        features = model.features(part)
        output = model(features, torch.ones(features.shape[:2]), side)[0]
        values.append(psnr_db(F.interpolate(output, size=whole.shape[-2:], mode="bicubic"), whole))
    return torch.cat(values).mean().item()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True, help="visual.pt of train_visual.py")
    parser.add_argument("--pictures", type=Path, required=True, help="folder made by pictures.py")
    options = parser.parse_args()
    torch.set_num_threads(1)
    model = load_visual(options.checkpoint)
    pictures = squashed([picture for kind in load_pictures(options.pictures / "tune").values() for picture in kind])

    fixed = [fixed_decibels(model, pictures, side) for side in SIDES]
    bits = [side * side * BITS_PER_TOKEN for side in SIDES]
    with torch.no_grad():
        scores = torch.cat([model.scores(model.features(part)) for part in pictures.split(4)])
    plain = scores - ANCHOR_BONUS * lattice(GRID, GRID, 4)
    print("fixed grids: " + ", ".join(f"{side * side} {value:.2f}" for side, value in zip(SIDES, fixed, strict=True)))
    print("tokens | dynamic | no anchors | dual grain | blind merger | fixed grid at equal bits")
    for tokens in BUDGETS:
        keep = by_threshold(scores, tokens)
        used = keep.sum(1).mean().item()
        dynamic = decibels(model, pictures, keep, keep)
        bare = by_threshold(plain, tokens)
        dual = by_threshold(dual_grain_scores(plain), max(tokens, 64))
        blind = decibels(model, pictures, keep, torch.ones_like(keep))
        equal = np.interp(used * BITS_PER_TOKEN + POSITION_BITS, bits, fixed)
        print(
            f"{used:.0f} | {dynamic:.2f} | {decibels(model, pictures, bare, bare):.2f} | "
            f"{decibels(model, pictures, dual, dual):.2f} ({dual.sum(1).mean():.0f}) | {blind:.2f} | {equal:.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
