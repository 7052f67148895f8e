"""Scaling of square pictures as two matrix products: the same in training and, where the size is an input, in a graph."""

import torch
from torch import Tensor

SHARPNESS = -0.5  # of the cubic: Keys' (1981), exact for quadratics


def cubic(distance: Tensor) -> Tensor:
    """Keys' cubic convolution kernel."""
    near, a = distance.abs(), SHARPNESS
    inner = ((a + 2) * near - (a + 3)) * near * near + 1
    outer = ((a * near - 5 * a) * near + 8 * a) * near - 4 * a
    return torch.where(near < 1, inner, outer * (near < 2).to(near.dtype))


def resampling(source: Tensor, target: Tensor) -> Tensor:
    """The matrix [target, source] that scales a line of pixels; sizes are whole numbers [], so that they may be a graph's input.

    Bicubic, the kernel as wide as a target pixel where that is the larger one; the identity where both are equal."""
    ratio = source / target
    centres = (torch.arange(target)[:, None] + 0.5) * ratio
    weights = cubic((centres - torch.arange(source) - 0.5) / ratio.clamp(min=1))
    return weights / weights.sum(1, keepdim=True)


def resampled(pictures: Tensor, side: int) -> Tensor:
    """Square pictures [N, C, S, S] scaled to [N, C, side, side]."""
    if pictures.shape[-1] == side:
        return pictures
    matrix = resampling(torch.tensor(pictures.shape[-1]), torch.tensor(side)).to(pictures)
    return matrix @ pictures @ matrix.T
