"""Motion-compensated warping as a differentiable function: what the decoded fields make of a real picture."""

import torch
import torch.nn.functional as F
from torch import Tensor

from picture_fit import LUMA_COLUMNS, LUMA_ROWS, moved, places, sample


def warp(picture: Tensor, motion: Tensor, ticks: range | None = None) -> Tensor:
    """The pictures that follow `picture` [N, 1, s, s] by motion [N, 2, T, 20, 36] in fractions, or those of them in
    `ticks`: [N, ticks, s, s].

    The way that each place has come is composed field after field, and the picture is sampled once for each, as
    client-sdk/reconstruct does it, though with plain bilinear fields that are composed at two points a cell and side.
    """
    between, here = places(LUMA_ROWS, LUMA_COLUMNS).to(picture), places(*picture.shape[-2:]).to(picture)
    ways = []
    for field in motion.unbind(2):
        step = F.interpolate(field, (LUMA_ROWS, LUMA_COLUMNS), mode="bilinear", align_corners=False)
        ways.append(step + sample(ways[-1], moved(between, step)) if ways else step)
    pictures = []
    for tick in ticks or range(len(ways)):
        way = F.interpolate(-2 * ways[tick], picture.shape[-2:], mode="bilinear", align_corners=False)
        pictures.append(sample(picture, here + way.permute(0, 2, 3, 1)))
    return torch.cat(pictures, 1)
