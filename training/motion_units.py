"""Units of the small pack's motion: what its networks read and write for displacements in fractions of the picture."""

import torch.nn.functional as F
from torch import Tensor

# asinh(v / scale): linear below about 1 px of 576 x 320, logarithmic above.
SCALE = (0.002, 0.0036)
# Pixels that vectors are judged in.
WIDTH_PX, HEIGHT_PX = 576, 320
# 0.25 px. Below it in both components a cell is still.
STILL = (0.25 / WIDTH_PX, 0.25 / HEIGHT_PX)

# A gradient of the luma, at two pixels a cell, at which motion is worth half of what it can be.
HALF_WORTH = 0.02

# A cell moves when the decoder holds it for more likely than not.
SURE_LOGIT = 0.0


def per_component(values: tuple[float, float], like: Tensor) -> Tensor:
    """(x, y) as a tensor that broadcasts over [N, 2, 8, 20, 36]."""
    return like.new_tensor(values).view(1, 2, 1, 1, 1)


def normalize(motion: Tensor) -> Tensor:
    """Fractions of the picture to network units, by asinh, written out for the exporter."""
    ratio = motion / per_component(SCALE, motion)
    return ratio.sign() * (ratio.abs() + (ratio.square() + 1).sqrt()).log()


def denormalize(units: Tensor) -> Tensor:
    """Network units to fractions of the picture, by sinh, written out for the exporter."""
    return (units.exp() - (-units).exp()) / 2 * per_component(SCALE, units)


def in_px(motion: Tensor) -> Tensor:
    """Fractions to px of 576 x 320."""
    return motion * per_component((WIDTH_PX, HEIGHT_PX), motion)


def moving_cells(motion: Tensor) -> Tensor:
    """Whether each cell moves visibly: fractions [N, 2, 8, 20, 36] to bool [N, 1, 8, 20, 36]."""
    return (motion.abs() >= per_component(STILL, motion)).any(1, keepdim=True)


def worth(luma: Tensor) -> Tensor:
    """How well each cell's motion can be seen: luma [N, 9, 40, 72] of 0 to 1 to [N, 1, 8, 20, 36], 0 where flat, up to 1."""
    now = luma[:, 1:]
    across = F.pad((now[..., 1:] - now[..., :-1]).abs(), (0, 1))
    down = F.pad((now[..., 1:, :] - now[..., :-1, :]).abs(), (0, 0, 0, 1))
    gradient = F.avg_pool2d(across + down, 2).unsqueeze(1)
    return gradient / (gradient + HALF_WORTH)


def gated(units: Tensor, logit: Tensor) -> Tensor:
    """Exact zeros where the decoder is not sure that something moves, so that a still ground stays sharp."""
    return units * (logit > SURE_LOGIT).to(units.dtype)
