"""The keyframe tokenizer of the small pack: a convolutional stem and pixel decoder around the dynamic tokenizer."""

import torch
from torch import Tensor, nn

from blocks import PixelNorm, ResidualBlock
from dynamic_tokenizer import DynamicTokenizer, DynamicTokenizerConfig

# Of photographs, RGB in [0, 1].
MEAN = (0.45, 0.44, 0.40)
STD = (0.27, 0.26, 0.28)

GRID = 16  # positions along each side of a keyframe
CELL_PX = 16
WIDTHS = (64, 128, 256)  # channels at 1/4, 1/8 and 1/16 of the picture
SMALL = DynamicTokenizerConfig(width=WIDTHS[2], heads=4, blocks=1, mlp_width=512, codes=4096, code_dim=16)
CODES = SMALL.codes

# Added to the scores of the positions that always have a token, one in each 4 x 4: a plain wall still says its color.
ANCHOR_BONUS = 1e3


class Stem(nn.Module):
    """Normalized RGB float32 [N, 3, H, W] to features [N, P, C], P = H/16 * W/16, that know where they are."""

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
        self.pos_embed = nn.Parameter(0.02 * torch.randn(1, coarse, GRID, GRID))

    def forward(self, pixels: Tensor, top: int = 0, left: int = 0) -> Tensor:
        """A part of a keyframe, when training, says at which row and column of the grid it lies."""
        x = self.body(pixels) + self.patch(pixels)
        rows, columns = x.shape[2:]
        x = x + self.pos_embed[:, :, top : top + rows, left : left + columns]
        return x.flatten(2).transpose(1, 2)


class PixelDecoder(nn.Module):
    """Codes float32 [N, D, H/16, W/16] to RGB float32 [N, 3, H, W], about [0, 1], not clipped."""

    def __init__(self) -> None:
        super().__init__()
        fine, middle, coarse = WIDTHS
        self.trunk = nn.Sequential(
            nn.Conv2d(SMALL.code_dim, coarse, 3, padding=1),
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
        x = self.trunk(codes * SMALL.code_dim**0.5)
        return (self.detail(x) + self.patch(x)) * 0.25 + 0.45


def lattice(rows: int, columns: int, step: int) -> Tensor:
    """1 at one position of each step x step (1, 2 or 4), 0 elsewhere: float32 [rows * columns]; coarser ones lie within finer ones."""
    grid = torch.zeros(rows, columns)
    first = min(step, 2) - 1
    grid[first::step, first::step] = 1
    return grid.flatten()


class KeyframeTokenizer(nn.Module):
    """Stem, dynamic tokenizer and pixel decoder together."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Stem()
        self.tokenizer = DynamicTokenizer(SMALL)
        self.mask_token = nn.Parameter(torch.zeros(SMALL.code_dim))
        self.decoder = PixelDecoder()

    def features(self, pixels: Tensor, top: int = 0, left: int = 0) -> Tensor:
        """RGB in [0, 1] [N, 3, H, W] to features [N, P, C]."""
        mean = pixels.new_tensor(MEAN).view(1, 3, 1, 1)
        std = pixels.new_tensor(STD).view(1, 3, 1, 1)
        return self.stem((pixels - mean) / std, top, left)

    def scores(self, features: Tensor) -> Tensor:
        """How much each position of a whole keyframe wants a token, [N, 256], anchors above all."""
        anchors = lattice(GRID, GRID, 4).to(features.device)
        return self.tokenizer.scores(features) + ANCHOR_BONUS * anchors

    def pixels(self, codes: Tensor, keep: Tensor, rows: int) -> Tensor:
        """Codes [N, P, D] at the kept positions, the mask token elsewhere, to RGB [N, 3, H, W]."""
        placed = codes * keep[..., None] + self.mask_token * (1 - keep[..., None])
        return self.decoder(placed.transpose(1, 2).unflatten(2, (rows, -1)))

    def forward(self, features: Tensor, keep: Tensor, rows: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Returns (RGB [N, 3, H, W], unit vectors of the kept positions [M, D], their ids [M], commitment loss)."""
        vectors = self.tokenizer.vectors(features, keep)
        chosen = keep.flatten() > 0
        flat = vectors.flatten(0, 1)
        codes, ids, distances = self.tokenizer.quantize(flat)
        commitment = distances[chosen].mean()
        return self.pixels(codes.view_as(vectors), keep, rows), flat[chosen], ids[chosen], commitment

    def continuous(self, features: Tensor, keep: Tensor, rows: int, noise: float) -> tuple[Tensor, Tensor]:
        """Autoencodes without the codebook; noise stands for the error that it will make.

        Returns (RGB [N, 3, H, W], vectors of the kept positions [M, D])."""
        vectors = self.tokenizer.vectors(features, keep)
        noisy = nn.functional.normalize(vectors + noise * torch.randn_like(vectors) / SMALL.code_dim**0.5, dim=2)
        return self.pixels(noisy, keep, rows), vectors[keep > 0]
