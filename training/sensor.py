"""The flaws of a real camera: blur, noise, and a lightness that drifts, steps and flickers."""

from dataclasses import dataclass

import cv2
import numpy as np

from paths import PathMaker

BLACK, WHITE, GREY = 16, 235, 128  # luma of limited range; chroma without a colour


def table(gain: float, around: int, offset: float) -> np.ndarray:
    """What becomes of each value when its distance from `around` is multiplied: uint8 [256]."""
    return np.clip(np.rint((np.arange(256) - around) * gain + around + offset), 0, 255).astype(np.uint8)


@dataclass
class Sensor:
    """What a camera does to every picture that it takes."""

    blur_px: float
    noise: float  # standard deviation of the luma
    gain: np.ndarray  # [instants]
    offset: np.ndarray  # [instants], of the luma
    shade: np.ndarray | None  # float32 [height, width]: where a passing shade darkens the picture, up to 1
    shading: np.ndarray  # [instants]: how much
    seed: int

    def take(self, pictures: list[np.ndarray]) -> list[np.ndarray]:
        """RGB uint8 [height, width, 3] of every instant to planar 4:2:0."""
        draw = np.random.default_rng(self.seed)
        height, width = pictures[0].shape[:2]
        grain = np.rint(draw.normal(size=(height + 64, width + 64)) * self.noise).astype(np.int16)
        taken = []
        for instant, picture in enumerate(pictures):
            if self.blur_px:
                picture = cv2.GaussianBlur(picture, (0, 0), self.blur_px)
            planes = cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420)
            luma, chroma = planes[:height], planes[height:]
            gain, offset = self.gain[instant], self.offset[instant]
            if gain != 1 or offset:
                luma[:] = cv2.LUT(luma, table(gain, BLACK, offset))
                chroma[:] = cv2.LUT(chroma, table(gain, GREY, 0))
            if self.shade is not None:
                luma[:] = luma * (1 - self.shading[instant] * self.shade)
            if self.noise:
                y, x = draw.integers(0, 64, 2)
                luma[:] = cv2.add(luma, grain[y : y + height, x : x + width], dtype=cv2.CV_8U)
            np.clip(luma, BLACK, WHITE, out=luma)
            taken.append(planes)
        return taken


class SensorMaker:
    """Draws sensors."""

    def __init__(self, draw: np.random.Generator):
        self.draw, self.paths = draw, PathMaker(draw)

    def sensor(self, instants: int, rate: float, width: int, height: int, at_fault: bool = False) -> Sensor:
        """A camera for that many pictures at a rate; one `at_fault` has noise or a changing lightness for certain."""
        chance = self.paths.chance
        noise = self.draw.choice([0.0, 1.5, 3.0, 6.0], p=[0.3, 0.3, 0.25, 0.15]) * self.draw.uniform(0.5, 1.2)
        changing = chance(0.6 if at_fault else 0.35)
        if at_fault and not changing:
            noise = self.draw.uniform(0.7, 6.0)
        log_gain, offset = np.zeros(instants), np.zeros(instants)
        shade, shading = None, np.zeros(instants)
        if changing:
            time = np.arange(instants) / rate  # s
            kinds = self.draw.random(4) < (0.5, 0.4, 0.25, 0.2)
            kinds[self.draw.integers(4)] = True
            drift, step, flicker, passing = kinds
            if drift:
                log_gain += np.cumsum(self.paths.smooth_noise(instants, 0.01 * 12 / rate))
                offset += np.cumsum(self.paths.smooth_noise(instants, 0.5 * 12 / rate))
            if step:  # the automatic exposure closes in on another level
                start, settling = self.draw.uniform(0, time[-1]), self.draw.uniform(0.05, 0.6)
                log_gain += self.draw.normal() * 0.25 * (1 - np.exp(-np.maximum(time - start, 0) / settling))
            if flicker:  # lamps on the mains, seen at the camera's rate
                log_gain += self.paths.between(0.004, 0.04) * np.sin(time * self.draw.uniform(2, 80) + self.draw.uniform(0, 6.3))
            if passing:
                rough = self.draw.random((3, 4)).astype(np.float32)
                shade = cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 1)
                shading = 0.5 * self.draw.random() * (0.5 - 0.5 * np.cos(time * self.draw.uniform(0.5, 6)))
        blur = self.draw.uniform(0.5, 1.5) if chance(0.4) else 0.0
        gain = np.exp(np.clip(log_gain, -1, 1))
        return Sensor(blur, float(noise), gain, offset, shade, shading, int(self.draw.integers(2**31)))
