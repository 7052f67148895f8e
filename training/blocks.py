"""What the convolutional networks of both tokenizers are made of."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class PixelNorm(nn.Module):
    """Scales each position's channels to unit root mean square, times a learned gain."""

    def __init__(self, channels: int):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(1, channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return x * (x.square().mean(1, keepdim=True) + 1e-5).rsqrt() * self.gain


class ResidualBlock(nn.Module):
    """x + conv(conv(x)), shape-preserving, the identity at first."""

    def __init__(self, channels: int):
        super().__init__()
        self.norm = PixelNorm(channels)
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(F.silu(self.first(F.silu(self.norm(x)))))


class SharedContext(nn.Module):
    """x + a learned map of the positions + a projection of the mean over all of them.

    Motion is often one camera's: so every position knows of it, and positions may share its coding.
    """

    def __init__(self, channels: int, rows: int, columns: int):
        super().__init__()
        self.positions = nn.Parameter(torch.zeros(1, channels, rows, columns))
        self.project = nn.Conv2d(channels, channels, 1)
        nn.init.zeros_(self.project.weight)
        nn.init.zeros_(self.project.bias)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.positions + self.project(x.mean((2, 3), keepdim=True))
