"""The motion tokenizer: a VQ autoencoder of 8 fields, time stacked in the channels, 45 tokens a chunk."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from blocks import PixelNorm, ResidualBlock, SharedContext
from motion_fields import FIELDS_PER_CHUNK
from picture_fit import PictureFit
from quantizer import CosineQuantizer

CODES = 1024
CODE_DIM = 16
TOKEN_ROWS = 5
TOKEN_COLUMNS = 9
WIDTHS = (48, 96, 192)  # channels at full, half and quarter resolution of the 20 x 36 grid

# asinh(v / scale): linear below about 1 px of 576 x 320, logarithmic above.
SCALE = (0.002, 0.0036)
# 0.25 px of 576 x 320. Below it in both components a cell is still.
STILL = (0.25 / 576, 0.25 / 320)

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


class MotionEncoder(nn.Module):
    """Units and worth [N, 3, 8, 20, 36] to unit vectors [N, D, 5, 9]."""

    def __init__(self) -> None:
        super().__init__()
        _, middle, coarse = WIDTHS
        self.body = nn.Sequential(
            nn.PixelUnshuffle(2),
            nn.Conv2d(4 * 3 * FIELDS_PER_CHUNK, middle, 3, padding=1),
            ResidualBlock(middle),
            ResidualBlock(middle),
            nn.PixelUnshuffle(2),
            nn.Conv2d(4 * middle, coarse, 1),
            ResidualBlock(coarse),
            SharedContext(coarse, TOKEN_ROWS, TOKEN_COLUMNS),
            ResidualBlock(coarse),
            PixelNorm(coarse),
            nn.Conv2d(coarse, CODE_DIM, 1),
        )

    def forward(self, inputs: Tensor) -> Tensor:
        return F.normalize(self.body(inputs.flatten(1, 2)), dim=1)


class MotionDecoder(nn.Module):
    """Codes [N, D, 5, 9] to units [N, 2, 8, 20, 36] and the logit that a cell moves [N, 1, 8, 20, 36]."""

    def __init__(self) -> None:
        super().__init__()
        fine, middle, coarse = WIDTHS
        self.body = nn.Sequential(
            nn.Conv2d(CODE_DIM, coarse, 3, padding=1),
            ResidualBlock(coarse),
            SharedContext(coarse, TOKEN_ROWS, TOKEN_COLUMNS),
            ResidualBlock(coarse),
            nn.Conv2d(coarse, 4 * middle, 1),
            nn.PixelShuffle(2),
            ResidualBlock(middle),
            ResidualBlock(middle),
            nn.Conv2d(middle, 4 * fine, 1),
            nn.PixelShuffle(2),
            ResidualBlock(fine),
            PixelNorm(fine),
            nn.Conv2d(fine, 3 * FIELDS_PER_CHUNK, 3, padding=1),
        )

    def forward(self, codes: Tensor) -> tuple[Tensor, Tensor]:
        output = self.body(codes * CODE_DIM**0.5).unflatten(1, (3, FIELDS_PER_CHUNK))
        return output[:, :2], output[:, 2:]


def gated(units: Tensor, logit: Tensor) -> Tensor:
    """Exact zeros where the decoder is not sure that something moves, so that a still ground stays sharp."""
    return units * (logit > SURE_LOGIT).to(units.dtype)


class MotionTokenizer(nn.Module):
    """Encoder, codebook and decoder together."""

    def __init__(self) -> None:
        super().__init__()
        self.fit = PictureFit()
        self.encoder = MotionEncoder()
        self.quantizer = CosineQuantizer(CODES, CODE_DIM)
        self.decoder = MotionDecoder()

    def inputs(self, motion: Tensor, mask: Tensor, luma: Tensor) -> Tensor:
        """What the encoder sees of a chunk: the motion fitted to the pictures, in units, and what it is worth."""
        return torch.cat([normalize(self.fit(motion, mask, luma)), worth(luma)], 1)

    def continuous(self, inputs: Tensor, noise: float) -> tuple[Tensor, Tensor, Tensor]:
        """Autoencodes without the codebook: (units, logit, vectors [M, D])."""
        vectors = self.encoder(inputs)
        noisy = F.normalize(vectors + noise * torch.randn_like(vectors) / CODE_DIM**0.5, dim=1)
        return *self.decoder(noisy), vectors.permute(0, 2, 3, 1).reshape(-1, CODE_DIM)

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Returns (units, logit, ids [N, 5, 9], commitment loss)."""
        vectors = self.encoder(inputs)
        n, dim, rows, columns = vectors.shape
        codes, ids, commitment = self.quantizer(vectors.permute(0, 2, 3, 1).reshape(-1, dim))
        codes = codes.view(n, rows, columns, dim).permute(0, 3, 1, 2)
        return *self.decoder(codes), ids.view(n, rows, columns), commitment
