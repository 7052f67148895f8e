"""Motion-compensated warping as a differentiable function: what the decoded fields make of a real picture."""

import torch
import torch.nn.functional as F
from torch import Tensor


def places(size: int, like: Tensor) -> Tensor:
    """The centres of the pixels of a square picture: [1, size, size, 2], (x, y), -1 to 1."""
    line = (torch.arange(size, dtype=like.dtype, device=like.device) * 2 + 1) / size - 1
    y, x = torch.meshgrid(line, line, indexing="ij")
    return torch.stack([x, y], -1)[None]


def sample(picture: Tensor, grid: Tensor) -> Tensor:
    return F.grid_sample(picture, grid, mode="bilinear", padding_mode="border", align_corners=False)


def warp(picture: Tensor, motion: Tensor) -> Tensor:
    """The pictures that follow `picture` [N, 1, s, s] by motion [N, 2, T, 20, 36] in fractions: [N, T, s, s].

    A map of where each pixel comes from is composed field after field, and the picture is sampled once for each, as
    client-sdk/reconstruct does it, though with plain bilinear fields.
    """
    here = places(picture.shape[-1], picture)
    came_from = torch.zeros_like(here).expand(len(picture), -1, -1, -1).permute(0, 3, 1, 2)
    pictures = []
    for field in motion.unbind(2):
        # A step of the whole width is 2 in places.
        step = 2 * F.interpolate(field, picture.shape[-2:], mode="bilinear", align_corners=False)
        before = here - step.permute(0, 2, 3, 1)
        came_from = sample(came_from, before) - step
        pictures.append(sample(picture, here + came_from.permute(0, 2, 3, 1))[:, 0])
    return torch.stack(pictures, 1)
