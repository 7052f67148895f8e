"""How near one picture is to another: the yardsticks and the losses. Pictures are float32 [N, 3, H, W], RGB in [0, 1]."""

import torch
import torch.nn.functional as F
from torch import Tensor

SSIM_WINDOW = 8
# Of the three scales, after Wang, Simoncelli and Bovik (2003), brought to the sum 1.
MS_SSIM_WEIGHTS = (0.35, 0.4, 0.25)


def squared_error(output: Tensor, target: Tensor) -> Tensor:
    """Mean squared error of each picture, [N]."""
    return (output - target).square().mean((1, 2, 3))


def psnr_db(output: Tensor, target: Tensor) -> Tensor:
    """PSNR of each picture [N], after clipping; peak 1."""
    return -10 * squared_error(output.clamp(0, 1), target).clamp(min=1e-8).log10()


def ssim(output: Tensor, target: Tensor) -> Tensor:
    """Mean structural similarity of the channels over windows of 8 x 8 px, a scalar up to 1."""

    def mean(x: Tensor) -> Tensor:
        return F.avg_pool2d(x, SSIM_WINDOW, stride=SSIM_WINDOW // 2)

    a, b = mean(output), mean(target)
    variance_a, variance_b = mean(output.square()) - a.square(), mean(target.square()) - b.square()
    covariance = mean(output * target) - a * b
    light = (2 * a * b + 1e-4) / (a.square() + b.square() + 1e-4)
    structure = (2 * covariance + 9e-4) / (variance_a + variance_b + 9e-4)
    return (light * structure).mean()


def ms_ssim(output: Tensor, target: Tensor) -> Tensor:
    """Structural similarity at full, half and quarter size, weighted; a scalar up to 1."""
    total = output.new_zeros(())
    for weight in MS_SSIM_WEIGHTS:
        total = total + weight * ssim(output, target)
        output, target = F.avg_pool2d(output, 2), F.avg_pool2d(target, 2)
    return total


def gradient_error(output: Tensor, target: Tensor) -> Tensor:
    """Mean absolute error of the horizontal and vertical differences."""
    error = output - target
    across = error[..., :, 1:] - error[..., :, :-1]
    down = error[..., 1:, :] - error[..., :-1, :]
    return across.abs().mean() + down.abs().mean()


def reconstruction_loss(output: Tensor, target: Tensor, least_error: float) -> Tensor:
    """The logarithm of each picture's error, as PSNR counts, below `least_error` ever less; structure and edges beside it.

    Blank pictures outweigh all others where `least_error` is small: so it begins large."""
    decibels = (squared_error(output, target) + least_error).log().mean()
    return decibels + 0.3 * (1 - ms_ssim(output, target)) + 0.5 * gradient_error(output, target)


def thumbnail(pictures: Tensor, cells: int = 16) -> Tensor:
    """The yardstick: a box thumbnail of `cells` x `cells` scaled up bicubically."""
    small = F.interpolate(pictures, size=(cells, cells), mode="area")
    return F.interpolate(small, size=pictures.shape[-2:], mode="bicubic").clamp(0, 1)


def cell_errors(output: Tensor, target: Tensor, cell_px: int = 16) -> Tensor:
    """Mean squared error of each cell: [N, H / 16, W / 16]."""
    return F.avg_pool2d((output - target).square().mean(1, keepdim=True), cell_px).squeeze(1)
