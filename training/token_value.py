"""What a token at a position is worth: how much error it takes away, given the coarser lattices around it."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from picture_quality import cell_errors, thumbnail
from dynamic_visual import DynamicKeyframes, lattice

STEPS = (4, 2, 1)  # of the lattices: 16, 64 and 256 positions
LEAST_GAIN = 1e-6
# Brings the logarithms of usual gains near to zero, where a network begins.
LOG_OFFSET = 7.0


def values_of(errors: Sequence[Tensor]) -> Tensor:
    """Logarithm of what each position's token gains, [N, P], of the cell errors [N, rows, columns] that are left when
    the lattices of 16, 64 and all positions have tokens. A position of the middle lattice refines 2 x 2 cells."""
    coarse, middle, fine = errors
    rows, columns = coarse.shape[1:]
    refined = F.avg_pool2d((coarse - middle).unsqueeze(1), 2) * 4
    refined = F.interpolate(refined, scale_factor=2, mode="nearest").squeeze(1)
    is_middle = lattice(rows, columns, 2).view(1, rows, columns).to(coarse.device)
    gain = torch.where(is_middle > 0, refined, middle - fine)
    return (gain.clamp(min=0) + LEAST_GAIN).log().flatten(1) + LOG_OFFSET


def thumbnail_values(pictures: Tensor) -> Tensor:
    """The values [N, P] that tokens would have if they held the mean colors of their cells: a first guess."""
    rows = pictures.shape[2] // 16
    return values_of([cell_errors(thumbnail(pictures, rows // step), pictures) for step in STEPS])


@torch.no_grad()
def decoded_values(model: DynamicKeyframes, features: Tensor, pictures: Tensor) -> Tensor:
    """The values [N, P] of the model's own tokens, by decoding each lattice."""
    rows = pictures.shape[2] // 16
    errors = []
    for step in STEPS:
        keep = lattice(rows, features.shape[1] // rows, step).to(features).expand(len(features), -1)
        errors.append(cell_errors(model(features, keep, rows)[0], pictures))
    return values_of(errors)
