"""Crops of pictures that look like parts of squashed video frames."""

import io
import random
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter
from torch import Tensor

from scaler import as_coded, squash
from visual_model import FRAME_PX

# How often each kind of picture is drawn; flat, faded and drawn-up ones stand for titles, slides and cuts through black.
KIND_WEIGHTS = {"photograph": 0.72, "document": 0.12, "drawing": 0.1, "space": 0.01, "graphic": 0.05}
FLAT_SHARE = 0.03
FADE_SHARE = 0.04


def load_pictures(folder: Path) -> dict[str, list[Image.Image]]:
    """Reads every JPEG of a folder made by pictures.py into memory, by kind."""
    pictures: dict[str, list[Image.Image]] = {}
    for path in sorted(folder.glob("*.jpg")):
        pictures.setdefault(path.name.split("--")[0], []).append(Image.open(path).convert("RGB"))
    return pictures


def to_tensor(pictures: list[Image.Image]) -> Tensor:
    """RGB pictures of one size to float32 [N, 3, H, W] in [0, 1]."""
    stacked = np.stack([np.asarray(picture) for picture in pictures])
    return torch.from_numpy(stacked).permute(0, 3, 1, 2).float().div_(255)


def squashed(pictures: list[Image.Image]) -> Tensor:
    """Whole pictures as the server sees frames: float32 [N, 3, 256, 256] in [0, 1]."""
    return to_tensor([scaled(picture, (0, 0, *picture.size), FRAME_PX) for picture in pictures])


def scaled(picture: Image.Image, box: tuple[int, int, int, int], side_px: int) -> Image.Image:
    """A part of a picture as a coded frame that the server squashes to a square; the box's last row or column is left out
    where their number is odd."""
    left, top, right, bottom = box
    part = picture.crop((left, top, right - (right - left) % 2, bottom - (bottom - top) % 2))
    return Image.fromarray(squash(as_coded(np.asarray(part)), side_px, side_px))


class CropSampler:
    """Draws augmented crops float32 [N, 3, S, S], RGB in [0, 1]."""

    def __init__(self, pictures: dict[str, list[Image.Image]], seed: int):
        self.pictures = pictures
        self.random = random.Random(seed)
        self.kinds = [kind for kind in KIND_WEIGHTS if kind in pictures or kind == "graphic"]

    def batch(self, size: int, crop_px: int) -> Tensor:
        crops = to_tensor([self._crop(crop_px) for _ in range(size)])
        if self.random.random() < 0.6:
            return crops
        sigma = torch.rand(size, 1, 1, 1) * 0.025
        return (crops + sigma * torch.randn_like(crops)).clamp_(0, 1)

    def _crop(self, crop_px: int) -> Image.Image:
        draw = self.random
        if draw.random() < FLAT_SHARE:
            return Image.new("RGB", (crop_px, crop_px), self._flat_color())
        kind = draw.choices(self.kinds, [KIND_WEIGHTS[kind] for kind in self.kinds])[0]
        crop = self._graphic(crop_px) if kind == "graphic" else self._part(draw.choice(self.pictures[kind]), crop_px)
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

    def _graphic(self, crop_px: int) -> Image.Image:
        """Flat shapes and lines of text on a flat ground or a gradient, as in titles and slides."""
        draw = self.random
        big = 2 * crop_px
        picture = Image.new("RGB", (big, big), self._flat_color())
        if draw.random() < 0.4:
            ramp = Image.linear_gradient("L").rotate(draw.choice((0, 90, 180, 270))).resize((big, big))
            picture = Image.composite(picture, Image.new("RGB", picture.size, self._flat_color()), ramp)
        pen = ImageDraw.Draw(picture)
        for _ in range(draw.randint(0, 5)):
            x, y = draw.randrange(-big // 4, big), draw.randrange(-big // 4, big)
            box = (x, y, x + draw.randrange(8, big), y + draw.randrange(8, big))
            if draw.random() < 0.5:
                pen.ellipse(box, fill=self._flat_color())
            else:
                pen.rectangle(box, fill=self._flat_color())
        for _ in range(draw.choice((0, 0, 1, 3))):
            text = "".join(chr(draw.choice((32, *range(48, 58), *range(97, 123)))) for _ in range(draw.randint(3, 24)))
            size = draw.choice((16, 24, 40, 80))
            pen.text((draw.randrange(-40, big), draw.randrange(big)), text, fill=self._flat_color(), font_size=size)
        return picture.resize((crop_px, crop_px), Image.BOX)

    def _part(self, picture: Image.Image, crop_px: int) -> Image.Image:
        draw = self.random
        # The part of the whole frame that a crop covers, then how far we zoom into the picture.
        covers = crop_px / FRAME_PX
        zoom = 1.0 if draw.random() < 0.4 else draw.uniform(0.25, 1.0)
        stretch = draw.uniform(0.8, 1.25)
        width = min(picture.width, max(crop_px * 0.6, picture.width * covers * zoom * stretch))
        height = min(picture.height, max(crop_px * 0.6, picture.height * covers * zoom / stretch))
        left, top = int(draw.uniform(0, picture.width - width)), int(draw.uniform(0, picture.height - height))
        crop = scaled(picture, (left, top, left + int(width), top + int(height)), crop_px)
        if draw.random() < 0.5:
            crop = crop.transpose(Image.FLIP_LEFT_RIGHT)
        return self._degrade(crop)

    def _degrade(self, crop: Image.Image) -> Image.Image:
        draw = self.random
        if draw.random() < 0.3:
            crop = crop.filter(ImageFilter.GaussianBlur(draw.uniform(0.3, 1.3)))
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
