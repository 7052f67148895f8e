"""The keyframe tokenizer: a convolutional VQ autoencoder, one token for each 16 x 16 px."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from blocks import PixelNorm, ResidualBlock
from quantizer import CosineQuantizer

# Of photographs, RGB in [0, 1].
MEAN = (0.45, 0.44, 0.40)
STD = (0.27, 0.26, 0.28)

CODES = 4096
CODE_DIM = 16
CELL_PX = 16
WIDTHS = (64, 128, 256)  # channels at 1/4, 1/8 and 1/16 of the picture


class VisualEncoder(nn.Module):
    """Normalized RGB float32 [N, 3, H, W] to unit vectors float32 [N, D, H/16, W/16]."""

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
            PixelNorm(coarse),
            nn.Conv2d(coarse, CODE_DIM, 1),
        )

    def forward(self, pixels: Tensor) -> Tensor:
        return F.normalize(self.body(pixels), dim=1)


class VisualDecoder(nn.Module):
    """Codes float32 [N, D, H/16, W/16] to RGB float32 [N, 3, H, W], about [0, 1], not clipped."""

    def __init__(self) -> None:
        super().__init__()
        fine, middle, coarse = WIDTHS
        self.body = nn.Sequential(
            nn.Conv2d(CODE_DIM, coarse, 3, padding=1),
            ResidualBlock(coarse),
            ResidualBlock(coarse),
            ResidualBlock(coarse),
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

    def forward(self, codes: Tensor) -> Tensor:
        return self.body(codes * CODE_DIM**0.5) * 0.25 + 0.45


class VisualTokenizer(nn.Module):
    """Encoder, codebook and decoder together."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = VisualEncoder()
        self.quantizer = CosineQuantizer(CODES, CODE_DIM)
        self.decoder = VisualDecoder()

    def vectors(self, pixels: Tensor) -> Tensor:
        """RGB in [0, 1] [N, 3, H, W] to unit vectors [N, D, H/16, W/16]."""
        mean = pixels.new_tensor(MEAN).view(1, 3, 1, 1)
        std = pixels.new_tensor(STD).view(1, 3, 1, 1)
        return self.encoder((pixels - mean) / std)

    def continuous(self, pixels: Tensor, noise: float) -> tuple[Tensor, Tensor]:
        """Autoencodes without the codebook; noise stands for the error that it will make.

        Returns (RGB [N, 3, H, W], vectors [M, D])."""
        vectors = self.vectors(pixels)
        noisy = F.normalize(vectors + noise * torch.randn_like(vectors) / CODE_DIM**0.5, dim=1)
        return self.decoder(noisy), vectors.permute(0, 2, 3, 1).reshape(-1, CODE_DIM)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Returns (RGB [N, 3, H, W], ids [N, H/16, W/16], commitment loss)."""
        vectors = self.vectors(pixels)
        n, dim, rows, columns = vectors.shape
        codes, ids, commitment = self.quantizer(vectors.permute(0, 2, 3, 1).reshape(-1, dim))
        codes = codes.view(n, rows, columns, dim).permute(0, 3, 1, 2)
        return self.decoder(codes), ids.view(n, rows, columns), commitment
