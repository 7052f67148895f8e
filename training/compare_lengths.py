"""Compares ways to spend few tokens on a keyframe, at equal bits, on the pictures to tune on.

quadtree: what ships, positions told by one bit each. single: each position ranked by itself, one in each 4 x 4 sure of its
token. free: none sure. dual grain: one token for each 2 x 2 positions, all four where that is worth most. blind merger: what ships, but the merger
takes every position for kept. fixed: the same net on a smaller picture, all positions, scaled up bicubically.
"""

import argparse
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
from visual_model import ANCHOR_SCORE, CELL_PX, GRID, KeyframeTokenizer, lattice, quadtree

BITS_PER_TOKEN = 12
POSITION_BITS = GRID * GRID
BUDGETS = (32, 48, 64, 96, 128, 160, 192, 256)
SIDES = (4, 8, 12, 16)  # whole numbers of anchors


def by_threshold(scores: Tensor, tokens: int) -> Tensor:
    """As the encoder graph chooses, with the threshold that gives these pictures `tokens` in the mean."""
    threshold = torch.full((len(scores),), threshold_for(scores, tokens))
    return kept(scores, threshold, torch.full((len(scores),), float(min(POSITION_BITS, 2 * tokens))))


def single_scores(values: Tensor) -> Tensor:
    """Each position by itself, anchors above all."""
    return torch.where(lattice(GRID, GRID, 4) > 0, torch.full_like(values, ANCHOR_SCORE), values)


def dual_grain_scores(values: Tensor) -> Tensor:
    """The quadtree's finer half, with the middle lattice above all."""
    return torch.where(lattice(GRID, GRID, 2) > 0, torch.full_like(values, ANCHOR_SCORE), quadtree(values))


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
        values = torch.cat([model.tokenizer.scores(model.features(part)) for part in pictures.split(4)])
    ways = {"quadtree": quadtree, "single": single_scores, "free": lambda values: values, "dual grain": dual_grain_scores}
    print("fixed grids: " + ", ".join(f"{side * side} {value:.2f}" for side, value in zip(SIDES, fixed, strict=True)))
    print("tokens | " + " | ".join(ways) + " | blind merger | fixed grid at equal bits")
    for tokens in BUDGETS:
        cells = []
        for name, way in ways.items():
            keep = by_threshold(way(values), max(tokens, 64) if name == "dual grain" else tokens)
            cells.append(f"{decibels(model, pictures, keep, keep):.2f} ({keep.sum(1).mean():.0f})")
        keep = by_threshold(quadtree(values), tokens)
        cells.append(f"{decibels(model, pictures, keep, torch.ones_like(keep)):.2f}")
        equal = np.interp(keep.sum(1).mean().item() * BITS_PER_TOKEN + POSITION_BITS, bits, fixed)
        print(f"{tokens} | " + " | ".join(cells) + f" | {equal:.2f}", flush=True)


if __name__ == "__main__":
    main()
