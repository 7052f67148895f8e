"""Synthetic clips: a camera over a photograph, things moving before it, the flaws of a real sensor.

All paths are in fractions of the picture, per step of 1/12 s.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

STILL_CAMERA_SHARE = 0.45
WOBBLE_SHARE = 0.4
MAX_STEP = 0.06  # of the width, per step


@dataclass
class Pose:
    """Where a layer stands at every step: centre x, y (fractions), scale and angle (rad); each [steps]."""

    x: np.ndarray
    y: np.ndarray
    scale: np.ndarray
    angle: np.ndarray


@dataclass
class Layer:
    """A picture float32 [h, w, 3] with alpha [h, w], its width as a fraction of the frame's, its path."""

    picture: np.ndarray
    alpha: np.ndarray
    width: float
    pose: Pose


def finer(pose: Pose, per_step: int) -> Pose:
    """The same path with `per_step - 1` places more between each two."""
    steps = np.arange(len(pose.x))
    times = np.linspace(0, len(pose.x) - 1, (len(pose.x) - 1) * per_step + 1)
    return Pose(*(np.interp(times, steps, path) for path in (pose.x, pose.y, pose.scale, pose.angle)))


@dataclass
class Wobble:
    """Soft things that bend, such as faces and cloth: two patterns of displacement, each following its own path."""

    patterns: np.ndarray  # float32 [2, height, width, 2], px at amount 1
    amounts: np.ndarray  # [2, steps]
    x: np.ndarray  # float32 [height, width]: each pixel's own place
    y: np.ndarray

    def bend(self, picture: np.ndarray, time: float) -> np.ndarray:
        """Returns the picture as it is bent at a time in steps."""
        steps = np.arange(self.amounts.shape[1])
        amounts = np.array([np.interp(time, steps, amount) for amount in self.amounts], np.float32)
        moved = np.tensordot(amounts, self.patterns, 1)
        return cv2.remap(picture, self.x - moved[..., 0], self.y - moved[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


class SceneMaker:
    """Draws random clips from photographs and from pieces cut out of them."""

    def __init__(self, photographs: list[np.ndarray], seed: int):
        self.photographs = photographs
        self.draw = np.random.default_rng(seed)

    def clip(self, steps: int, width: int, height: int, per_step: int = 1) -> list[np.ndarray]:
        """Returns `(steps - 1) * per_step + 1` pictures uint8 [height, width, 3]."""
        still = self.draw.random() < STILL_CAMERA_SHARE
        camera = self._still(steps) if still else self._camera(steps)
        things = self.draw.choice(5, p=[0.2, 0.35, 0.25, 0.15, 0.05]) if still else self.draw.choice(4, p=[0.45, 0.3, 0.15, 0.1])
        layers = [self._layer(steps, camera) for _ in range(things)]
        wobble = self._wobble(steps, width, height) if self.draw.random() < WOBBLE_SHARE else None
        background = self._background(width, height)
        for layer in layers:
            layer.pose = finer(layer.pose, per_step)
        camera = finer(camera, per_step)
        pictures = []
        for step in range(len(camera.x)):
            picture = render_background(background, camera, step, width, height)
            for layer in layers:
                composite(picture, layer, step)
            pictures.append(wobble.bend(picture, step / per_step) if wobble else picture)
        return self._sensor(pictures)

    # Paths

    def _speed(self) -> float:
        return float(np.exp(self.draw.uniform(np.log(0.0008), np.log(MAX_STEP * 0.7))))

    def _pace(self, steps: int) -> np.ndarray:
        """How fast a path is followed at each step: even, easing, pausing or oscillating."""
        kind = self.draw.choice(4, p=[0.45, 0.25, 0.2, 0.1])
        time = np.arange(steps)
        if kind == 0:
            return np.ones(steps)
        if kind == 1:
            return np.clip(1 + self.draw.uniform(-1, 1.5) * (time / steps - self.draw.uniform(0, 1)) * 2, 0, 2)
        if kind == 2:
            start, end = sorted(self.draw.integers(0, steps, 2))
            moving = ((time >= start) & (time < end)).astype(float)
            return np.convolve(np.pad(moving, 2, mode="edge"), [0.25, 0.5, 0.25], "same")[2:-2]
        return np.sin(2 * np.pi * time / self.draw.uniform(6, 40) + self.draw.uniform(0, 6.3))

    def _smooth_noise(self, steps: int, amount: float) -> np.ndarray:
        """A wandering path, about `amount` a step."""
        noise = self.draw.normal(size=steps + 8)
        return np.convolve(noise, np.hanning(self.draw.integers(4, 9)), "same")[4:-4] * amount

    def _still(self, steps: int) -> Pose:
        zero = np.zeros(steps)
        return Pose(zero + 0.5, zero + 0.5, zero + 1, zero)

    def _path(self, steps: int, x: float, y: float, speed: float) -> Pose:
        heading = self.draw.uniform(0, 2 * np.pi) if self.draw.random() < 0.5 else self.draw.choice(4) * np.pi / 2
        heading = heading + self.draw.normal() * 0.1
        turn = self.draw.normal() * 0.05 * (self.draw.random() < 0.3)
        direction = heading + turn * np.arange(steps)
        pace = self._pace(steps) * speed
        shake = speed * 0.5 * (self.draw.random() < 0.3)
        dx = pace * np.cos(direction) + self._smooth_noise(steps, shake)
        dy = pace * np.sin(direction) * 1.5 + self._smooth_noise(steps, shake)
        grow = self._pace(steps) * self.draw.normal() * 0.015 * (self.draw.random() < 0.4)
        spin = self._pace(steps) * self.draw.normal() * 0.02 * (self.draw.random() < 0.25)
        return Pose(x + np.cumsum(dx), y + np.cumsum(dy), np.exp(np.cumsum(grow)), np.cumsum(spin))

    def _camera(self, steps: int) -> Pose:
        zero = np.zeros(steps)
        kind = self.draw.choice(["pan", "zoom", "shake", "rotate", "all"], p=[0.4, 0.2, 0.2, 0.05, 0.15])
        if kind == "pan":
            pose = self._path(steps, 0.5, 0.5, self._speed())
            return Pose(pose.x, pose.y, zero + 1, zero)
        if kind == "zoom":
            rate = self._pace(steps) * self.draw.choice([-1, 1]) * np.exp(self.draw.uniform(np.log(0.003), np.log(0.06)))
            x, y = self.draw.uniform(0.35, 0.65, 2)
            return Pose(zero + x, zero + y, np.exp(np.cumsum(rate)), zero)
        if kind == "rotate":
            return Pose(zero + 0.5, zero + 0.5, zero + 1, np.cumsum(self._pace(steps) * self.draw.normal() * 0.03))
        amount = float(np.exp(self.draw.uniform(np.log(0.0005), np.log(0.01))))
        shake_x = np.cumsum(self._smooth_noise(steps, amount))
        shake_y = np.cumsum(self._smooth_noise(steps, amount * 1.5))
        tilt = np.cumsum(self._smooth_noise(steps, amount * 0.3))
        if kind == "shake":
            return Pose(0.5 + shake_x, 0.5 + shake_y, zero + 1, tilt)
        pose = self._path(steps, 0.5, 0.5, self._speed())
        return Pose(pose.x + shake_x, pose.y + shake_y, pose.scale, pose.angle + tilt)

    # Layers

    def _background(self, width: int, height: int) -> np.ndarray:
        """A photograph float32, about as wide as the frame or up to twice that, squashed alike."""
        picture = self.photographs[self.draw.integers(len(self.photographs))]
        if self.draw.random() < 0.5:
            picture = picture[:, ::-1]
        scale = self.draw.uniform(1.05, 2.0)
        size = (int(width * scale), int(height * scale))
        shrinking = picture.shape[1] > size[0]
        return cv2.resize(picture, size, interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC)

    def _layer(self, steps: int, camera: Pose) -> Layer:
        picture, alpha = self._patch()
        if self.draw.random() < 0.5:
            picture, alpha = picture[:, ::-1].copy(), alpha[:, ::-1].copy()
        width = float(np.exp(self.draw.uniform(np.log(0.08), np.log(0.7))))
        x, y = self.draw.uniform(0, 1, 2)
        pose = self._path(steps, x, y, self._speed())
        if self.draw.random() < 0.3:  # parallax: a nearer layer of the same scene
            nearness = self.draw.uniform(1.1, 2.5)
            pose = Pose(
                x + (camera.x - camera.x[0]) * nearness, y + (camera.y - camera.y[0]) * nearness, camera.scale, camera.angle
            )
        return Layer(picture, alpha, width, pose)

    def _patch(self) -> tuple[np.ndarray, np.ndarray]:
        """A piece of a photograph in the shape of a blob, with a fairly sharp border."""
        photograph = self.photographs[self.draw.integers(len(self.photographs))]
        side = int(self.draw.integers(120, min(photograph.shape[:2])))
        top = self.draw.integers(photograph.shape[0] - side + 1)
        left = self.draw.integers(photograph.shape[1] - side + 1)
        piece = cv2.resize(photograph[top : top + side, left : left + side], (240, 240), interpolation=cv2.INTER_AREA)
        turns = np.linspace(0, 2 * np.pi, 40, endpoint=False)
        radius = 85 + sum(self.draw.normal() * 22 / k * np.cos(k * turns + self.draw.uniform(0, 6.3)) for k in range(1, 6))
        points = np.stack([120 + radius * np.cos(turns), 120 + radius * np.sin(turns)], 1).clip(2, 237)
        alpha = np.zeros((240, 240), np.float32)
        cv2.fillPoly(alpha, [points.astype(np.int32)], 1.0)
        return piece, cv2.GaussianBlur(alpha, (0, 0), self.draw.uniform(0.7, 2.5))

    def _wobble(self, steps: int, width: int, height: int) -> Wobble:
        """Bends a round part of the picture, or now and then all of it."""
        y, x = np.mgrid[:height, :width].astype(np.float32)
        centre_x, centre_y = self.draw.uniform(0.2, 0.8, 2) * (width, height)
        reach = self.draw.uniform(0.12, 0.35) * width if self.draw.random() < 0.75 else 4 * width
        near = np.exp(-(((x - centre_x) ** 2 + (y - centre_y) ** 2) / (2 * reach**2)))
        amount = float(np.exp(self.draw.uniform(np.log(0.001), np.log(0.012))))
        patterns, amounts = [], []
        for _ in range(2):
            rough = self.draw.normal(size=(int(self.draw.integers(2, 5)), int(self.draw.integers(3, 7)), 2)).astype(np.float32)
            pattern = cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC)
            patterns.append(pattern * near[..., None] * width)
            amounts.append(np.cumsum(self._pace(steps) * self._smooth_noise(steps, amount)))
        return Wobble(np.array(patterns, np.float32), np.array(amounts), x, y)

    # Sensor

    def _sensor(self, pictures: list[np.ndarray]) -> list[np.ndarray]:
        """Blur, noise and drifting exposure."""
        steps = len(pictures)
        sigma = self.draw.choice([0.0, 1.5, 3.0, 6.0], p=[0.3, 0.3, 0.25, 0.15]) * self.draw.uniform(0.5, 1.2)
        blur = self.draw.uniform(0.5, 1.5) if self.draw.random() < 0.4 else 0.0
        drift = np.cumsum(self._smooth_noise(steps, 0.01)) if self.draw.random() < 0.3 else np.zeros(steps)
        grain = self.draw.normal(size=(pictures[0].shape[0] + 64, pictures[0].shape[1] + 64, 1)).astype(np.float32) * sigma
        finished = []
        for step, picture in enumerate(pictures):
            if blur:
                picture = cv2.GaussianBlur(picture, (0, 0), blur)
            if drift[step]:
                picture = picture * np.float32(1 + drift[step])
            if sigma:
                y, x = self.draw.integers(0, 64, 2)
                picture = picture + grain[y : y + picture.shape[0], x : x + picture.shape[1]]
            finished.append(np.clip(picture, 0, 255).astype(np.uint8))
        return finished


def affine(
    pose: Pose, step: int, source: tuple[int, int], frame: tuple[int, int], scale_x: float, scale_y: float
) -> np.ndarray:
    """The 2 x 3 matrix from a picture's pixels to the frame's; sizes are (width, height)."""
    cos, sin = np.cos(pose.angle[step]) * pose.scale[step], np.sin(pose.angle[step]) * pose.scale[step]
    linear = np.array([[cos * scale_x, -sin * scale_y], [sin * scale_x, cos * scale_y]])
    centre = np.array([pose.x[step] * frame[0], pose.y[step] * frame[1]])
    offset = centre - linear @ np.array([source[0] / 2, source[1] / 2])
    return np.concatenate([linear, offset[:, None]], 1).astype(np.float32)


def render_background(background: np.ndarray, camera: Pose, step: int, width: int, height: int) -> np.ndarray:
    """The photograph as the camera sees it, mirrored beyond its borders: float32 [height, width, 3]."""
    size = (background.shape[1], background.shape[0])
    matrix = affine(camera, step, size, (width, height), 1.0, 1.0)
    picture = cv2.warpAffine(background, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return picture.astype(np.float32)


def composite(picture: np.ndarray, layer: Layer, step: int) -> None:
    """Draws the layer on the picture, in place."""
    height, width = picture.shape[:2]
    size = (layer.picture.shape[1], layer.picture.shape[0])
    scale = layer.width * width / size[0]
    matrix = affine(layer.pose, step, size, (width, height), scale, scale)
    if not np.isfinite(matrix).all() or abs(matrix).max() > 30_000:
        return
    alpha = cv2.warpAffine(layer.alpha, matrix, (width, height), flags=cv2.INTER_LINEAR)[:, :, None]
    if alpha.any():
        colours = cv2.warpAffine(layer.picture, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        picture += alpha * (colours - picture)


def load_rgb(folder: Path, prefixes: tuple[str, ...]) -> list[np.ndarray]:
    """Reads the pictures of a folder whose names begin with one of the prefixes, as uint8 [h, w, 3]."""
    from PIL import Image

    paths = sorted(path for path in folder.iterdir() if path.name.startswith(prefixes))
    return [np.asarray(Image.open(path).convert("RGB")) for path in paths]
