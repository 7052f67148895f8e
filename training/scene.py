"""A scene that can be shown at any of its instants, and how it truly moved between two of them."""

from dataclasses import dataclass

import cv2
import numpy as np

from motion_fields import COLUMNS, ROWS
from paths import Pose

SOLID = 0.5  # a layer hides what is below where its alpha is larger
FARTHEST_PX = 30_000  # a layer placed beyond is not drawn


@dataclass
class Bend:
    """Soft things that bend, such as faces, cloth and water: patterns of displacement, each following its own amount."""

    patterns: np.ndarray  # float32 [n, height, width, 2], px at amount 1
    amounts: np.ndarray  # [n, instants]

    def __post_init__(self) -> None:
        y, x = np.mgrid[: self.patterns.shape[1], : self.patterns.shape[2]].astype(np.float32)
        self.places = np.stack([x, y], -1)

    def source(self, instant: int) -> np.ndarray:
        """Where each pixel's content comes from: float32 [height, width, 2]."""
        place = self.places
        for pattern, amounts in zip(self.patterns, self.amounts):
            place = cv2.scaleAdd(pattern, -float(amounts[instant]), place)
        return place

    def apply(self, picture: np.ndarray, instant: int) -> np.ndarray:
        """The picture as it is bent at an instant."""
        return cv2.remap(picture, self.source(instant), None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)

    def unbent(self, points: np.ndarray, instant: int) -> np.ndarray:
        """Where the content at points [n, 2] lies in the picture that is not bent."""
        moved = np.zeros_like(points)
        for pattern, amounts in zip(self.patterns, self.amounts):
            moved += read(pattern, points) * amounts[instant]
        return points - moved

    def bent(self, points: np.ndarray, instant: int) -> np.ndarray:
        """The inverse of `unbent`, by a fixed point."""
        found = points
        for _ in range(5):
            found = found + points - self.unbent(found, instant)
        return found


@dataclass
class Layer:
    """A picture uint8 [h, w, 3] with alpha [h, w], its width as a fraction of the frame's, its path, and how it bends."""

    picture: np.ndarray
    alpha: np.ndarray
    width: float
    pose: Pose
    bend: Bend | None = None

    def matrix(self, instant: int, frame: tuple[int, int]) -> np.ndarray:
        """From the layer's pixels to the frame's."""
        size = (self.picture.shape[1], self.picture.shape[0])
        return affine(self.pose, instant, size, frame, self.width * frame[0] / size[0])


@dataclass
class Scene:
    """A background before a camera, layers from back to front, and what bends the whole view."""

    size: tuple[int, int]  # (width, height), px
    background: np.ndarray  # uint8 [h, w, 3]
    camera: Pose
    layers: list[Layer]
    bend: Bend | None

    @property
    def is_still(self) -> bool:
        """Whether nothing ever moves."""
        paths = (self.camera.x, self.camera.y, self.camera.scale, self.camera.angle)
        return not self.layers and self.bend is None and all((path == path[0]).all() for path in paths)

    def pictures(self) -> list[np.ndarray]:
        """What is seen at every instant: RGB uint8 [height, width, 3]."""
        ground, matrix, shown = None, None, []
        for instant in range(len(self.camera.x)):
            now = self._camera_matrix(instant)
            if matrix is None or (now != matrix).any():
                ground = cv2.warpAffine(self.background, now, self.size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
                matrix = now
            picture = ground.copy()
            for layer in self.layers:
                composite(picture, layer, instant)
            shown.append(self.bend.apply(picture, instant) if self.bend else picture)
        return shown

    def truth(self, before: int, now: int) -> np.ndarray:
        """The displacement of what is seen at each cell's centre, between two instants: float32 [2, 20, 36], fractions."""
        y, x = (np.arange(cells) + 0.5 for cells in (ROWS, COLUMNS))
        x, y = np.meshgrid(x / COLUMNS * self.size[0], y / ROWS * self.size[1])
        seen = np.stack([x.ravel(), y.ravel()], 1) - 0.5  # pixel coordinates count from a pixel's centre
        points = self.bend.unbent(seen, now) if self.bend else seen
        was = transform(self._camera_matrix(before), untransform(self._camera_matrix(now), points))
        for layer in self.layers:
            at = untransform(layer.matrix(now, self.size), points)
            own = layer.bend.unbent(at, now) if layer.bend else at
            solid = read(layer.alpha, own, outside=0.0)[:, 0] > SOLID
            own = layer.bend.bent(own, before) if layer.bend else own
            was = np.where(solid[:, None], transform(layer.matrix(before, self.size), own), was)
        was = self.bend.bent(was, before) if self.bend else was
        return ((seen - was) / self.size).T.reshape(2, ROWS, COLUMNS).astype(np.float32)

    def _camera_matrix(self, instant: int) -> np.ndarray:
        return affine(self.camera, instant, (self.background.shape[1], self.background.shape[0]), self.size, 1.0)


def affine(pose: Pose, instant: int, source: tuple[int, int], frame: tuple[int, int], scale: float) -> np.ndarray:
    """The 2 x 3 matrix from a picture's pixels to the frame's; sizes are (width, height)."""
    cos, sin = (turn(pose.angle[instant]) * pose.scale[instant] * scale for turn in (np.cos, np.sin))
    linear = np.array([[cos, -sin], [sin, cos]])
    centre = np.array([pose.x[instant] * frame[0], pose.y[instant] * frame[1]])
    offset = centre - linear @ np.array([source[0] / 2, source[1] / 2])
    return np.concatenate([linear, offset[:, None]], 1)


def transform(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points [n, 2] by a 2 x 3 matrix."""
    return points @ matrix[:, :2].T + matrix[:, 2]


def untransform(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The inverse of `transform`."""
    return (points - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T


def read(map: np.ndarray, points: np.ndarray, outside: float | None = None) -> np.ndarray:
    """What a map [h, w(, c)] holds at points [n, 2] in px, bilinearly: [n, c]; beyond its border what is there, or `outside`."""
    mode = cv2.BORDER_REPLICATE if outside is None else cv2.BORDER_CONSTANT
    places = points.astype(np.float32)[:, None]
    found = cv2.remap(map, places, None, cv2.INTER_LINEAR, borderMode=mode, borderValue=outside or 0.0)
    return found.reshape(len(points), -1)


def composite(picture: np.ndarray, layer: Layer, instant: int) -> None:
    """Draws the layer on the picture, in place."""
    height, width = picture.shape[:2]
    matrix = layer.matrix(instant, (width, height))
    if not np.isfinite(matrix).all() or abs(matrix).max() > FARTHEST_PX:
        return
    rows, columns = layer.alpha.shape
    corners = transform(matrix, np.array([[0, 0], [columns, 0], [0, rows], [columns, rows]], float))
    left, top = np.clip(np.floor(corners.min(0)).astype(int), 0, (width, height))
    right, bottom = np.clip(np.ceil(corners.max(0)).astype(int) + 1, 0, (width, height))
    if left >= right or top >= bottom:
        return
    matrix = matrix - np.array([[0, 0, left], [0, 0, top]])
    colours, alpha = layer.picture, layer.alpha
    if layer.bend:
        colours, alpha = layer.bend.apply(colours, instant), layer.bend.apply(alpha, instant)
    size = (int(right - left), int(bottom - top))
    alpha = cv2.warpAffine(alpha, matrix, size, flags=cv2.INTER_LINEAR)[..., None]
    colours = cv2.warpAffine(colours, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    below = picture[top:bottom, left:right]
    below[:] = below + alpha * (colours.astype(np.float32) - below)
