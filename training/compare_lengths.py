"""Compares ways to spend few tokens on a keyframe, at equal bits, on the pictures to tune on.

quadtree: what is trained, positions told by one bit each. single: each position ranked by itself, one in each 4 x 4 sure of its
token. free: none sure. dual grain: one token for each 2 x 2 positions, all four where that is worth most. blind merger:
quadtree, but the merger takes every position for kept. fixed: the same net on a smaller picture, all positions. best mix:
see `best_mix.py`; its positions are told by one bit for each block that can be split.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from best_mix import SIDES as MIXED_SIDES
from best_mix import best_mix_db
from calibration import threshold_for
from dynamic_tokenizer import kept
from dynamic_visual import ANCHOR_SCORE, DynamicKeyframes, lattice, quadtree
from picture_quality import psnr_db
from resampling import resampled
from visual_model import CELL_PX, GRID
from visual_run import tuning_pictures

BITS_PER_TOKEN = 12
POSITION_BITS = GRID * GRID
BLOCK_BITS = (GRID // 4) ** 2 + (GRID // 2) ** 2
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
def decibels(model: DynamicKeyframes, pictures: Tensor, keep: Tensor, merger_keep: Tensor) -> float:
    """Mean PSNR with tokens where `keep` says, the merger told `merger_keep`."""
    values = []
    for part, mine, told in zip(pictures.split(4), keep.split(4), merger_keep.split(4), strict=True):
        vectors = model.vectors(model.features(part), told, GRID)
        codes = model.tokenizer.quantize(vectors.flatten(0, 1))[0].view_as(vectors)
        values.append(psnr_db(model.pixels(codes, mine, GRID), part))
    return torch.cat(values).mean().item()


@torch.no_grad()
def on_fixed_grid(model: DynamicKeyframes, pictures: Tensor, side: int) -> Tensor:
    """What the same net makes of the pictures by side x side positions."""
    outputs = []
    for part in pictures.split(4):
        features = model.features(resampled(part, side * CELL_PX))
        outputs.append(resampled(model(features, torch.ones(features.shape[:2]), side)[0], part.shape[-1]))
    return torch.cat(outputs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True, help="dynamic.pt of train_dynamic.py")
    parser.add_argument("--pictures", type=Path, required=True, help="folder made by pictures.py")
    options = parser.parse_args()
    torch.set_num_threads(1)
    model = DynamicKeyframes().eval()
    model.load_state_dict(torch.load(options.checkpoint, map_location="cpu")["averaged"])
    pictures = tuning_pictures(options.pictures)

    grids = {side: on_fixed_grid(model, pictures, side) for side in SIDES}
    fixed = {side * side: psnr_db(output, pictures).mean().item() for side, output in grids.items()}
    with torch.no_grad():
        values = torch.cat([model.tokenizer.scores(model.features(part)) for part in pictures.split(4)])

    def at_equal_bits(tokens: float, position_bits: int) -> str:
        sizes = [count * BITS_PER_TOKEN for count in fixed]
        return f"{np.interp(tokens * BITS_PER_TOKEN + position_bits, sizes, list(fixed.values())):.2f}"

    ways = {"quadtree": quadtree, "single": single_scores, "free": lambda values: values, "dual grain": dual_grain_scores}
    print("fixed grids: " + ", ".join(f"{tokens} {value:.2f}" for tokens, value in fixed.items()))
    print("tokens | " + " | ".join(ways) + " | blind merger | fixed grid at equal bits | best mix | fixed grid at equal bits")
    for tokens in BUDGETS:
        cells = []
        for name, way in ways.items():
            keep = by_threshold(way(values), max(tokens, 64) if name == "dual grain" else tokens)
            cells.append(f"{decibels(model, pictures, keep, keep):.2f} ({keep.sum(1).mean():.0f})")
        keep = by_threshold(quadtree(values), tokens)
        cells.append(f"{decibels(model, pictures, keep, torch.ones_like(keep)):.2f}")
        cells.append(at_equal_bits(keep.sum(1).mean().item(), POSITION_BITS))
        outputs = tuple(grids[side].clamp(0, 1) for side in MIXED_SIDES)
        cells.append(f"{best_mix_db(outputs, pictures, tokens):.2f}")
        cells.append(at_equal_bits(tokens, BLOCK_BITS))
        print(f"{tokens} | " + " | ".join(cells), flush=True)


if __name__ == "__main__":
    main()
