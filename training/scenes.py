"""Random scenes: a camera over a photograph or a drawing, things moving before it, soft parts that bend."""

from pathlib import Path

import cv2
import numpy as np

from motion_fields import BLOCK_PX
from paths import PathMaker, Pose, standing
from scene import Bend, Layer, Scene

STILL_CAMERA_SHARE = 0.5
NOTHING_MOVES_SHARE = 0.12
PATCH_PX = 240  # at most
MIN_SIDE_PX = 400  # of a background
# A picture suits where this share of its blocks of 16 px has that standard deviation of the luma.
TEXTURED_SHARE, TEXTURED_LUMA = 0.3, 4.0
STEPS_PER_SECOND = 12  # of all paths


class SceneMaker:
    """Draws random scenes from pictures and from pieces cut out of them."""

    def __init__(self, photographs: list[np.ndarray], drawings: list[np.ndarray], seed: int):
        self.kinds = [(photographs, 0.75), (drawings, 0.25)] if drawings else [(photographs, 1.0)]
        self.draw = np.random.default_rng(seed)
        self.paths = PathMaker(self.draw)

    def scene(self, seconds: float, rate: float, width: int, height: int) -> Scene:
        """A scene at `seconds * rate + 1` instants."""
        instants = np.arange(round(seconds * rate) + 1) * STEPS_PER_SECOND / rate
        steps = int(np.ceil(instants[-1])) + 1
        if self.paths.chance(NOTHING_MOVES_SHARE):
            return Scene((width, height), self._background(width, height), standing(len(instants)), [], None)
        is_still = self.paths.chance(STILL_CAMERA_SHARE)
        camera = standing(steps) if is_still else self.paths.camera(steps)
        layers = [self._layer(steps, instants, camera, largest) for largest in self._largest_widths(is_still)]
        bend = self._view_bend(steps, instants, camera, is_still, width, height)
        if is_still and not layers and bend is None:
            layers = [self._layer(steps, instants, camera, 0.5)]
        return Scene((width, height), self._background(width, height), camera.at(instants), layers, bend)

    def _largest_widths(self, is_still: bool) -> list[float]:
        """How large each of the things may be: now and then it is a crowd of small ones."""
        if self.paths.chance(0.25 if is_still else 0.1):
            return [0.12] * int(self.draw.integers(4, 11))
        odds = [0.2, 0.4, 0.25, 0.1, 0.05] if is_still else [0.4, 0.3, 0.2, 0.05, 0.05]
        return [0.7] * int(self.draw.choice(5, p=odds))

    # Pictures

    def _picture(self, min_side_px: int = 0) -> np.ndarray:
        """A photograph or drawing, mirrored half of the time."""
        index = self.draw.choice(len(self.kinds), p=[share for _, share in self.kinds])
        fitting = [picture for picture in self.kinds[index][0] if min(picture.shape[:2]) >= min_side_px]
        picture = fitting[self.draw.integers(len(fitting))]
        return picture[:, ::-1] if self.paths.chance(0.5) else picture

    def _background(self, width: int, height: int) -> np.ndarray:
        """A picture about as wide as the frame or up to twice that, squashed alike."""
        picture = self._picture(MIN_SIDE_PX)
        scale = self.draw.uniform(1.05, 2.0)
        size = (int(width * scale), int(height * scale))
        shrinking = picture.shape[1] > size[0]
        return cv2.resize(picture, size, interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC)

    def _layer(self, steps: int, instants: np.ndarray, camera: Pose, largest: float) -> Layer:
        width = self.paths.between(0.04, largest)
        side = int(np.clip(width * 800, 48, PATCH_PX))
        picture, alpha = self._cut_out(side)
        x, y = self.draw.uniform(0, 1, 2)
        pose = self.paths.way(steps, x, y)
        if self.paths.chance(0.35):  # parallax: a nearer layer of the same scene
            nearness = self.draw.uniform(1.1, 2.5)
            x, y = (at + (path - path[0]) * nearness for at, path in ((x, camera.x), (y, camera.y)))
            pose = Pose(x, y, camera.scale, camera.angle)
        bend = self._own_bend(side, steps, instants) if self.paths.chance(0.4) else None
        return Layer(picture, alpha, width, pose.at(instants), bend)

    def _cut_out(self, patch_px: int) -> tuple[np.ndarray, np.ndarray]:
        """A piece of a picture in the shape of a blob, with a fairly sharp border: [patch_px, patch_px] and its alpha."""
        picture = self._picture()
        side = int(self.draw.integers(120, min(picture.shape[:2])))
        top = self.draw.integers(picture.shape[0] - side + 1)
        left = self.draw.integers(picture.shape[1] - side + 1)
        piece = cv2.resize(picture[top : top + side, left : left + side], (patch_px, patch_px), interpolation=cv2.INTER_AREA)
        turns = np.linspace(0, 2 * np.pi, 40, endpoint=False)
        radius = 0.35 + sum(self.draw.normal() * 0.09 / k * np.cos(k * turns + self.draw.uniform(0, 6.3)) for k in range(1, 6))
        points = (0.5 + np.stack([radius * np.cos(turns), radius * np.sin(turns)], 1).clip(-0.48, 0.48)) * patch_px
        alpha = np.zeros((patch_px, patch_px), np.float32)
        cv2.fillPoly(alpha, [points.astype(np.int32)], 1.0)
        return piece, cv2.GaussianBlur(alpha, (0, 0), self.draw.uniform(0.003, 0.01) * patch_px)

    # Bending

    def _own_bend(self, patch_px: int, steps: int, instants: np.ndarray) -> Bend:
        """A thing whose parts move against each other, as limbs do."""
        amount = self.paths.between(0.003, 0.03)
        patterns = [self._rough(4, 4, patch_px, patch_px) * patch_px for _ in range(2)]
        return Bend(np.array(patterns), self._amounts(2, steps, instants, amount, 0.08))

    def _view_bend(
        self, steps: int, instants: np.ndarray, camera: Pose, is_still: bool, width: int, height: int
    ) -> Bend | None:
        """Soft or fluid parts of the view, and the nearer ground below that a moving camera passes faster."""
        patterns, amounts = [], []
        if self.paths.chance(0.35):
            fine = int(self.draw.integers(2, 9))  # from a face to leaves and waves
            near = self._near(width, height)[..., None] * width / fine**0.5
            amount = self.paths.between(0.001, 0.012)
            patterns += [self._rough(fine, 2 * fine, height, width) * near for _ in range(2)]
            amounts += [*self._amounts(2, steps, instants, amount, 0.15 / fine**0.5)]
        if not is_still and self.paths.chance(0.4):
            depth = np.clip(np.linspace(-self.draw.uniform(0.2, 1), 1, height, dtype=np.float32), 0, 1)
            depth = np.broadcast_to(depth[:, None] * self.draw.uniform(0.2, 0.8), (height, width))
            nothing = np.zeros_like(depth)
            patterns += [np.stack([depth * width, nothing], -1), np.stack([nothing, depth * height], -1)]
            amounts += [path - path[0] for path in (camera.at(instants).x, camera.at(instants).y)]
        return Bend(np.array(patterns, np.float32), np.array(amounts)) if patterns else None

    def _rough(self, rows: int, columns: int, height: int, width: int) -> np.ndarray:
        """A smooth random pattern of displacement: float32 [height, width, 2], about 1."""
        rough = self.draw.normal(size=(rows, columns, 2)).astype(np.float32)
        return cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC)

    def _amounts(self, count: int, steps: int, instants: np.ndarray, amount: float, most: float) -> np.ndarray:
        """How much each of some patterns bends, wandering by about `amount` a step; at `most` nothing folds yet."""
        ways = [np.cumsum(self.paths.pace(steps) * self.paths.smooth_noise(steps, amount)) for _ in range(count)]
        return np.array([most * np.tanh(np.interp(instants, np.arange(steps), way) / most) for way in ways])

    def _near(self, width: int, height: int) -> np.ndarray:
        """How near each pixel is to some place: float32 [height, width], 1 there; now and then near is everywhere."""
        y, x = np.mgrid[:height, :width].astype(np.float32)
        centre_x, centre_y = self.draw.uniform(0.2, 0.8, 2) * (width, height)
        reach = self.draw.uniform(0.1, 0.35) * width if self.paths.chance(0.7) else 4 * width
        return np.exp(-(((x - centre_x) ** 2 + (y - centre_y) ** 2) / (2 * reach**2))).astype(np.float32)


def is_textured(picture: np.ndarray) -> bool:
    """Whether enough of a picture uint8 [h, w, 3] shows how it moves."""
    luma = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    side = 2 * BLOCK_PX
    blocks = luma[: luma.shape[0] // side * side, : luma.shape[1] // side * side]
    blocks = blocks.reshape(luma.shape[0] // side, side, -1, side)
    return bool((blocks.std((1, 3)) >= TEXTURED_LUMA).mean() >= TEXTURED_SHARE)


def load_rgb(folder: Path, kind: str) -> list[np.ndarray]:
    """Reads the textured pictures of a kind that pictures.py has gathered, as uint8 [h, w, 3]."""
    from PIL import Image

    pictures = [np.asarray(Image.open(path).convert("RGB")) for path in sorted(folder.glob(f"{kind}--*"))]
    return [picture for picture in pictures if is_textured(picture)]
