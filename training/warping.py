"""Motion-compensated warping as a differentiable function: what the decoded fields make of a real picture."""

import torch
import torch.nn.functional as F
from torch import Tensor

from picture_fit import moved, places, sample


def warp(picture: Tensor, motion: Tensor) -> Tensor:
    """The pictures that follow `picture` [N, 1, s, s] by motion [N, 2, T, 20, 36] in fractions: [N, T, s, s].

    The way that each pixel has come is composed field after field, and the picture is sampled once for each, as
    client-sdk/reconstruct does it, though with plain bilinear fields.
    """
    size = picture.shape[-2:]
    here = places(*size).to(picture)
    pictures, way = [], None
    for field in motion.unbind(2):
        step = F.interpolate(field, size, mode="bilinear", align_corners=False)
        way = step if way is None else step + sample(way, moved(here, step))
        pictures.append(sample(picture, moved(here, way))[:, 0])
    return torch.stack(pictures, 1)
