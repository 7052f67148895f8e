"""Random paths of cameras and things. All is in fractions of the picture, per step of 1/12 s."""

from dataclasses import dataclass

import numpy as np

SLOWEST_STEP, FASTEST_STEP = 0.0005, 0.045  # of the width, per step


@dataclass
class Pose:
    """Where a layer stands at every step: centre x, y (fractions), scale and angle (rad); each [steps]."""

    x: np.ndarray
    y: np.ndarray
    scale: np.ndarray
    angle: np.ndarray

    def at(self, times: np.ndarray) -> "Pose":
        """The pose at times in steps."""
        steps = np.arange(len(self.x))
        return Pose(*(np.interp(times, steps, path) for path in (self.x, self.y, self.scale, self.angle)))


def standing(steps: int, x: float = 0.5, y: float = 0.5) -> Pose:
    """A pose that never changes."""
    zero = np.zeros(steps)
    return Pose(zero + x, zero + y, zero + 1, zero)


class PathMaker:
    """Draws paths of a given number of steps."""

    def __init__(self, draw: np.random.Generator):
        self.draw = draw

    def chance(self, share: float) -> bool:
        return bool(self.draw.random() < share)

    def between(self, least: float, most: float) -> float:
        """Draws evenly on a logarithmic scale."""
        return float(np.exp(self.draw.uniform(np.log(least), np.log(most))))

    def pace(self, steps: int) -> np.ndarray:
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
        return np.sin(2 * np.pi * time / self.draw.uniform(4, 40) + self.draw.uniform(0, 6.3))

    def smooth_noise(self, steps: int, amount: float) -> np.ndarray:
        """A wandering speed, about `amount` a step, changing within half a second."""
        noise = self.draw.normal(size=steps + 8)
        return np.convolve(noise, np.hanning(self.draw.integers(4, 9)), "same")[4:-4] * amount

    def way(self, steps: int, x: float, y: float) -> Pose:
        """Something that goes somewhere from (x, y), perhaps turning, growing, spinning or trembling."""
        speed = self.between(SLOWEST_STEP, FASTEST_STEP)
        heading = self.draw.uniform(0, 2 * np.pi) if self.chance(0.5) else self.draw.choice(4) * np.pi / 2
        heading = heading + self.draw.normal() * 0.1
        turn = self.draw.normal() * 0.05 * self.chance(0.3)
        direction = heading + turn * np.arange(steps)
        pace = self.pace(steps) * speed
        tremble = speed * 0.5 * self.chance(0.4)
        dx = pace * np.cos(direction) + self.smooth_noise(steps, tremble)
        dy = pace * np.sin(direction) * 1.5 + self.smooth_noise(steps, tremble)
        grow = self.pace(steps) * self.draw.normal() * 0.015 * self.chance(0.4)
        spin = self.pace(steps) * self.draw.normal() * 0.02 * self.chance(0.25)
        return Pose(x + np.cumsum(dx), y + np.cumsum(dy), np.exp(np.cumsum(grow)), np.cumsum(spin))

    def camera(self, steps: int) -> Pose:
        """A camera that moves: panning, zooming, held by hand, rolling, or most of it together."""
        zero = np.zeros(steps)
        kind = self.draw.choice(["pan", "zoom", "shake", "roll", "all"], p=[0.35, 0.2, 0.2, 0.05, 0.2])
        if kind == "pan":
            pose = self.way(steps, 0.5, 0.5)
            return Pose(pose.x, pose.y, zero + 1, zero)
        if kind == "zoom":
            rate = self.pace(steps) * self.draw.choice([-1, 1]) * self.between(0.003, 0.06)
            x, y = self.draw.uniform(0.35, 0.65, 2)
            return Pose(zero + x, zero + y, np.exp(np.cumsum(rate)), zero)
        if kind == "roll":
            return Pose(zero + 0.5, zero + 0.5, zero + 1, np.cumsum(self.pace(steps) * self.draw.normal() * 0.03))
        amount = self.between(0.0004, 0.015)
        shake_x = np.cumsum(self.smooth_noise(steps, amount))
        shake_y = np.cumsum(self.smooth_noise(steps, amount * 1.5))
        tilt = np.cumsum(self.smooth_noise(steps, amount * 0.3))
        if kind == "shake":
            return Pose(0.5 + shake_x, 0.5 + shake_y, zero + 1, tilt)
        pose = self.way(steps, 0.5, 0.5)
        return Pose(pose.x + shake_x, pose.y + shake_y, pose.scale, pose.angle + tilt)
