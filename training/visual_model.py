"""The keyframe tokenizer of the small pack: every position of a grid has a token, and the grid has a ladder of sizes."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from blocks import PixelNorm, ResidualBlock
from quantizer import VectorQuantizer, disturbed
from resampling import resampled

# Of photographs, RGB in [0, 1].
MEAN = (0.45, 0.44, 0.40)
STD = (0.27, 0.26, 0.28)

FRAME_PX = 256
CELL_PX = 16
GRID = FRAME_PX // CELL_PX  # positions along each side of the largest grid
# Positions along each side of the grids that may be chosen, 36 to 256 tokens.
LADDER = (6, 8, 10, 11, 12, 14, 16)
WIDTHS = (64, 128, 256)  # channels at 1/4, 1/8 and 1/16 of the picture
CODES, CODE_DIM = 4096, 16


def normalized(pixels: Tensor) -> Tensor:
    """RGB [N, 3, H, W] of 0 to 1 as the stem takes it."""
    mean, std = (pixels.new_tensor(values).view(1, 3, 1, 1) for values in (MEAN, STD))
    return (pixels - mean) / std


class Stem(nn.Module):
    """Normalized RGB float32 [N, 3, H, W] to features [N, C, H/16, W/16]."""

    def __init__(self) -> None:
        super().__init__()
        fine, middle, coarse = WIDTHS
        self.body = nn.Sequential(
            nn.PixelUnshuffle(4),
            nn.Conv2d(48, fine, 3, padding=1),
            ResidualBlock(fine),
            nn.PixelUnshuffle(2),
            nn.Conv2d(4 * fine, middle, 1),
            ResidualBlock(middle),
            nn.PixelUnshuffle(2),
            nn.Conv2d(4 * middle, coarse, 1),
            ResidualBlock(coarse),
            ResidualBlock(coarse),
        )
        # A straight way for what a cell is like on the whole: learned first, and fast.
        self.patch = nn.Sequential(nn.PixelUnshuffle(CELL_PX), nn.Conv2d(3 * CELL_PX**2, coarse, 1))

    def forward(self, pixels: Tensor) -> Tensor:
        return self.body(pixels) + self.patch(pixels)


class PixelDecoder(nn.Module):
    """Codes float32 [N, D, h, w] to RGB float32 [N, 3, 16 h, 16 w], about [0, 1], not clipped."""

    def __init__(self) -> None:
        super().__init__()
        fine, middle, coarse = WIDTHS
        self.trunk = nn.Sequential(
            nn.Conv2d(CODE_DIM, coarse, 3, padding=1),
            ResidualBlock(coarse),
            ResidualBlock(coarse),
            ResidualBlock(coarse),
        )
        self.detail = nn.Sequential(
            nn.Conv2d(coarse, 4 * middle, 1),
            nn.PixelShuffle(2),
            ResidualBlock(middle),
            nn.Conv2d(middle, 4 * fine, 1),
            nn.PixelShuffle(2),
            ResidualBlock(fine),
            PixelNorm(fine),
            nn.Conv2d(fine, 48, 3, padding=1),
            nn.PixelShuffle(4),
        )
        # As in the stem, the straight way.
        self.patch = nn.Sequential(nn.Conv2d(coarse, 3 * CELL_PX**2, 1), nn.PixelShuffle(CELL_PX))

    def forward(self, codes: Tensor) -> Tensor:
        x = self.trunk(codes * CODE_DIM**0.5)
        return (self.detail(x) + self.patch(x)) * 0.25 + 0.45


class GridTokenizer(nn.Module):
    """Stem, task layer, codebook and pixel decoder together; what lies between features and codes is named as in
    `tokenizer_encoder.bin`. A picture of few tokens is scaled down in front and up behind."""

    def __init__(self) -> None:
        super().__init__()
        width = WIDTHS[-1]
        self.stem = Stem()
        self.norm = nn.LayerNorm(width)
        self.encode_task_layer = nn.Sequential(nn.Linear(width, width), nn.Tanh(), nn.Linear(width, CODE_DIM))
        self.quantize = VectorQuantizer(CODES, CODE_DIM)
        self.decoder = PixelDecoder()

    def vectors(self, pixels: Tensor) -> Tensor:
        """RGB in [0, 1], [N, 3, 16 h, 16 w], to the unit vectors [N, h, w, D] that are quantized."""
        return self.vectors_of(normalized(pixels))

    def vectors_of(self, inputs: Tensor) -> Tensor:
        """What `vectors` gives, of pixels that are normalized already."""
        features = self.stem(inputs).permute(0, 2, 3, 1)
        return F.normalize(self.encode_task_layer(self.norm(features)), dim=3)

    def pixels(self, codes: Tensor) -> Tensor:
        """Codes [N, h, w, D] to RGB [N, 3, 16 h, 16 w]."""
        return self.decoder(codes.permute(0, 3, 1, 2))

    def forward(self, pictures: Tensor, side: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Square pictures by side x side tokens: (RGB of their size, unit vectors [M, D], ids [M], commitment loss)."""
        vectors = self.vectors(resampled(pictures, side * CELL_PX))
        codes, ids, distances = self.quantize(vectors.flatten(0, 2))
        output = resampled(self.pixels(codes.view_as(vectors)), pictures.shape[-1])
        return output, vectors.flatten(0, 2), ids, distances.mean()

    def continuous(self, pictures: Tensor, side: int, noise: float) -> tuple[Tensor, Tensor]:
        """The same without the codebook; noise stands for the error that it will make: (RGB, vectors [M, D])."""
        vectors = self.vectors(resampled(pictures, side * CELL_PX))
        return resampled(self.pixels(disturbed(vectors, noise)), pictures.shape[-1]), vectors.flatten(0, 2)
