"""The most that grids of several sizes mixed within a picture could gain: each part of it is taken from the grid that the
true errors speak for, decoded as if the whole picture were of that grid. No way to choose and to merge positions by blocks
of 2 x 2 and 4 x 4 does better with the same codes, but for what a decoder could win at their borders."""

import torch
import torch.nn.functional as F
from torch import Tensor

from visual_model import FRAME_PX, GRID

ROUNDS = 6  # in which each picture's error, by whose logarithm tokens are shared out, settles
SIDES = (GRID, GRID // 2, GRID // 4)


def block_errors(output: Tensor, pictures: Tensor, side: int) -> Tensor:
    """Squared error summed over each block of a grid of side x side blocks: [N, side, side]."""
    block_px = FRAME_PX // side
    return F.avg_pool2d((output - pictures).square().mean(1, keepdim=True), block_px).squeeze(1) * block_px**2


def summed(blocks: Tensor) -> Tensor:
    """Of each 2 x 2 blocks: [N, side, side] to [N, side / 2, side / 2]."""
    return F.avg_pool2d(blocks.unsqueeze(1), 2).squeeze(1) * 4


def cheapest(errors: tuple[Tensor, Tensor, Tensor], price: float, worth: Tensor) -> tuple[Tensor, Tensor]:
    """Tokens [N] and error [N] of the quadtree that is cheapest at a price of a token, an error costing `worth` [N]."""
    fine, middle, coarse = errors
    weight = worth.view(-1, 1, 1)
    splits = (weight * fine + 4 * price < weight * middle + price).to(fine.dtype)
    tokens, error = summed(1 + 3 * splits), summed(middle + splits * (fine - middle))
    stays = (weight * coarse + price < weight * error + price * tokens).to(fine.dtype)
    tokens, error = tokens + stays * (1 - tokens), error + stays * (coarse - error)
    return tokens.sum((1, 2)), error.sum((1, 2))


def settled(errors: tuple[Tensor, Tensor, Tensor], price: float) -> tuple[Tensor, Tensor]:
    """Tokens and errors where each picture's error costs by its logarithm."""
    error = errors[0].sum((1, 2))
    for _ in range(ROUNDS):
        tokens, error = cheapest(errors, price, 1 / error.clamp(min=1e-3))
    return tokens, error


def best_mix_db(outputs: tuple[Tensor, Tensor, Tensor], pictures: Tensor, tokens: float) -> float:
    """Mean PSNR at no more than `tokens` tokens in the mean, of what grids of 16, 8 and 4 positions a side made of the pictures."""
    blocks = (GRID // 2, GRID // 2, GRID // 4)  # the finest grid is decided on by 2 x 2
    errors = tuple(block_errors(output, pictures, side) for output, side in zip(outputs, blocks, strict=True))
    low, high = 1e-9, 1e3
    for _ in range(50):
        price = (low * high) ** 0.5
        low, high = (price, high) if settled(errors, price)[0].mean() > tokens else (low, price)
    return float(-10 * (settled(errors, high)[1] / FRAME_PX**2).log10().mean())
