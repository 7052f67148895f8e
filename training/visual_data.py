"""Crops of photographs that look like parts of squashed video frames."""

import io
import random
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageEnhance, ImageFilter
from torch import Tensor

FRAME_PX = 256
# Crops without a picture, and crops faded towards a flat color: titles and cuts by way of black.
FLAT_SHARE = 0.05
FADE_SHARE = 0.04


def load_photographs(folder: Path) -> list[Image.Image]:
    """Reads every JPEG of the folder into memory."""
    return [Image.open(path).convert("RGB") for path in sorted(folder.glob("*.jpg"))]


def to_tensor(pictures: list[Image.Image]) -> Tensor:
    """RGB pictures of one size to float32 [N, 3, H, W] in [0, 1]."""
    stacked = np.stack([np.asarray(picture) for picture in pictures])
    return torch.from_numpy(stacked).permute(0, 3, 1, 2).float().div_(255)


def squashed(photographs: list[Image.Image]) -> Tensor:
    """Whole photographs as the server sees frames: float32 [N, 3, 256, 256] in [0, 1]."""
    return to_tensor([picture.resize((FRAME_PX, FRAME_PX), Image.BOX) for picture in photographs])


class CropSampler:
    """Draws augmented crops float32 [N, 3, S, S], RGB in [0, 1]."""

    def __init__(self, photographs: list[Image.Image], crop_px: int, seed: int):
        self.photographs = photographs
        self.crop_px = crop_px
        self.random = random.Random(seed)

    def batch(self, size: int) -> Tensor:
        crops = to_tensor([self._crop() for _ in range(size)])
        if self.random.random() < 0.5:
            return crops
        sigma = torch.rand(size, 1, 1, 1) * 0.03
        return (crops + sigma * torch.randn_like(crops)).clamp_(0, 1)

    def _crop(self) -> Image.Image:
        draw = self.random
        if draw.random() < FLAT_SHARE:
            return Image.new("RGB", (self.crop_px, self.crop_px), self._flat_color())
        crop = self._photographed()
        if draw.random() < FADE_SHARE:
            flat = Image.new("RGB", crop.size, self._flat_color())
            crop = Image.blend(crop, flat, draw.uniform(0.4, 0.98))
        return crop

    def _flat_color(self) -> tuple[int, int, int]:
        """Black and white half of the time, as in fades and titles; else any color."""
        draw = self.random
        if draw.random() < 0.5:
            return draw.choice(((0, 0, 0), (0, 0, 0), (255, 255, 255)))
        return (draw.randrange(256), draw.randrange(256), draw.randrange(256))

    def _photographed(self) -> Image.Image:
        draw = self.random
        picture = draw.choice(self.photographs)
        # The part of the whole frame that a crop covers, then how far we zoom into the photograph.
        covers = self.crop_px / FRAME_PX
        zoom = 1.0 if draw.random() < 0.4 else draw.uniform(0.25, 1.0)
        stretch = draw.uniform(0.8, 1.25)
        width = min(picture.width, max(self.crop_px * 0.6, picture.width * covers * zoom * stretch))
        height = min(picture.height, max(self.crop_px * 0.6, picture.height * covers * zoom / stretch))
        left = draw.uniform(0, picture.width - width)
        top = draw.uniform(0, picture.height - height)
        box = (left, top, left + width, top + height)
        filter_ = draw.choice((Image.BOX, Image.BILINEAR, Image.BICUBIC))
        crop = picture.resize((self.crop_px, self.crop_px), filter_, box=box, reducing_gap=2.0)
        if draw.random() < 0.5:
            crop = crop.transpose(Image.FLIP_LEFT_RIGHT)
        return self._degrade(crop)

    def _degrade(self, crop: Image.Image) -> Image.Image:
        draw = self.random
        if draw.random() < 0.4:
            crop = crop.filter(ImageFilter.GaussianBlur(draw.uniform(0.3, 1.5)))
        if draw.random() < 0.5:
            crop = ImageEnhance.Contrast(crop).enhance(draw.uniform(0.5, 1.2))
            crop = ImageEnhance.Brightness(crop).enhance(draw.uniform(0.6, 1.3))
        if draw.random() < 0.3:
            crop = ImageEnhance.Color(crop).enhance(draw.uniform(0.0, 1.2))
        if draw.random() < 0.2:
            coded = io.BytesIO()
            crop.save(coded, "JPEG", quality=draw.randint(25, 80))
            crop = Image.open(coded).convert("RGB")
        return crop
