"""Renders synthetic clips, really encodes them, and stores the decoded motion fields and the luma as shards."""

import argparse
import random
import time
from pathlib import Path

import cv2
import numpy as np

from clip_fields import Field, received_fields, reencoded_fields, ticks_of
from codec import FIELDS_PER_SECOND, Coding, decode, encode, lossy, mpeg4, openh264, starved_x264, to_frame, x264
from motion_fields import FIELDS_PER_CHUNK, to_chunks
from scaler import squash_luma
from scenes import SceneMaker, load_rgb
from sensor import SensorMaker

# The fields of a clip: two seconds or the pack's longest clip, or such that the last chunk is not full.
CLIP_FIELDS = (24, 24, 24, 28, 13, 48)
# Pictures a second, by share: of files that are re-encoded at the pack's clock, of browsers and cameras.
RATES = {12: 0.3, 24: 0.35, 25: 0.1, 30: 0.25}
# (width, height) of what is published, by share; two of them stand upright.
SIZES = {(576, 320): 0.45, (640, 360): 0.2, (480, 368): 0.1, (320, 576): 0.1, (360, 640): 0.1, (864, 480): 0.05}
LUMA_PX = 256
CODINGS = ("mpeg4", "x264", "starved x264", "openh264")  # what a shard's `coding` counts


def pick(draw: random.Random, shares: dict):
    """Draws a key by its share."""
    return draw.choices([*shares], [*shares.values()])[0]


def random_coding(draw: random.Random, kind: str) -> Coding:
    """A coding of a kind at a likely rate or quality, or at one too low."""
    if kind == "mpeg4":
        return mpeg4(4)
    if kind == "x264":
        return x264(pick(draw, {"ultrafast": 0.3, "veryfast": 0.4, "medium": 0.3}), draw.randint(18, 32))
    if kind == "starved x264":
        return starved_x264(draw.choice([60, 100, 160, 250, 400]))
    return openh264(draw.choice([80, 150, 250, 400, 700, 1200]), pick(draw, {"low": 0.6, "medium": 0.4}))


def random_kinds(draw: random.Random) -> list[str]:
    """Re-encoding for three clips in four, what a camera or browser sends for nearly as many, both for most."""
    live = pick(draw, {"x264": 0.35, "starved x264": 0.25, "openh264": 0.4})
    return pick(draw, {("mpeg4", live): 0.55, ("mpeg4",): 0.2, (live,): 0.25})


def as_published(pictures: list[np.ndarray], draw: random.Random, rate: int) -> list[np.ndarray]:
    """Half of the clips have been coded before, with loss."""
    if draw.random() < 0.5:
        return pictures
    before = x264("veryfast", draw.randint(22, 36)) if draw.random() < 0.6 else mpeg4(draw.randint(5, 14))
    return lossy(pictures, before, rate)


def coded(pictures: list[np.ndarray], rate: int, kind: str, coding: Coding) -> tuple[list[Field], list[np.ndarray]]:
    """A clip's fields by a coding, and the pictures that its ticks show: re-encoding sees them as published, whoever gets a
    live stream as it was decoded."""
    ticks = ticks_of(len(pictures), rate)
    if kind == "mpeg4":
        shown = [pictures[tick] for tick in ticks]
        return reencoded_fields(shown, coding), shown
    decoded = decode(encode(pictures, coding, rate), coding)
    return received_fields(decoded, rate), [decoded[tick].picture for tick in ticks]


class Shard:
    """Chunks with the pictures that they move: `luma[first[i]]` to `luma[first[i] + 8]` belong to chunk i, whose predecessor
    in the same clip and coding is chunk i - 1 unless `number[i]` is 0; then `luma[first[i]]` is the keyframe."""

    def __init__(self) -> None:
        self.motion: list[np.ndarray] = []
        self.mask: list[np.ndarray] = []
        self.truth: list[np.ndarray] = []
        self.luma: list[np.ndarray] = []
        self.labels: list[tuple[int, int, int, int]] = []  # first, number, coding, still of each chunk

    def add(self, kind: str, fields: list[Field], pictures: list[np.ndarray], truth: list[np.ndarray], still: bool) -> None:
        """Takes in a clip's fields, the pictures at its ticks and each field's true motion."""
        motion, mask = to_chunks(fields)
        self.motion.append(motion)
        self.mask.append(mask)
        self.truth.append(to_chunks([(field, np.ones(field.shape[1:], bool)) for field in truth])[0])
        start = len(self.luma)
        self.luma += [squash_luma(to_frame(picture), LUMA_PX, LUMA_PX) for picture in pictures]
        self.luma += [self.luma[-1]] * (len(motion) * FIELDS_PER_CHUNK + 1 - len(pictures))
        chunks = range(len(motion))
        self.labels += [(start + number * FIELDS_PER_CHUNK, number, CODINGS.index(kind), int(still)) for number in chunks]

    def save(self, path: Path) -> int:
        """Writes the shard; an interrupted write leaves no file of that name. Returns its chunks."""
        first, number, coding, still = np.array(self.labels, np.int32).T
        fields = {name: np.concatenate(getattr(self, name)) for name in ("motion", "mask", "truth")}
        luma = np.array(self.luma)
        labels = {"first": first, "number": number, "coding": coding.astype(np.uint8), "still": still.astype(np.uint8)}
        partial = path.with_suffix(".partial.npz")
        np.savez(partial, **fields, **labels, luma=luma)
        partial.rename(path)
        return len(first)


def add_random_clip(shard: Shard, scenes: SceneMaker, sensors: SensorMaker, draw: random.Random) -> None:
    """Renders a clip, publishes it and codes it in one or two ways. One in twelve shows each picture twice, as drawn films do."""
    (width, height), rate = pick(draw, SIZES), pick(draw, RATES)
    scene = scenes.scene(draw.choice(CLIP_FIELDS) / FIELDS_PER_SECOND, rate, width, height)
    still = scene.is_still
    taken = sensors.sensor(len(scene.camera.x), rate, width, height, at_fault=still).take(scene.pictures())
    doubled = draw.random() < 1 / 12
    shown = [instant - instant % 2 if doubled else instant for instant in range(len(taken))]
    published = as_published([taken[instant] for instant in shown], draw, rate)
    ticks = ticks_of(len(published), rate)
    truth = [scene.truth(shown[before], shown[now]) for before, now in zip(ticks, ticks[1:])]
    for kind in random_kinds(draw):
        fields, pictures = coded(published, rate, kind, random_coding(draw, kind))
        shard.add(kind, fields, pictures, truth, still)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=Path, required=True, help="folder made by pictures.py")
    parser.add_argument("--split", choices=["train", "tune"], default="train", help="which pictures to use")
    parser.add_argument("--out", type=Path, required=True, help="folder for the shards")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--shard", type=int, default=40, help="clips a shard")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    cv2.setNumThreads(1)

    options.out.mkdir(parents=True, exist_ok=True)
    photographs, drawings = (load_rgb(options.pictures / options.split, kind) for kind in ("photograph", "drawing"))
    print(f"{len(photographs)} photographs, {len(drawings)} drawings", flush=True)
    scenes = SceneMaker(photographs, drawings, options.seed)
    sensors = SensorMaker(np.random.default_rng((options.seed, 1)))
    draw = random.Random(options.seed)
    end, total, number = time.monotonic() + options.minutes * 60, 0, 0
    while time.monotonic() < end:
        shard = Shard()
        for _ in range(options.shard):
            add_random_clip(shard, scenes, sensors, draw)
        total, number = total + shard.save(options.out / f"shard-{options.seed}-{number:04d}.npz"), number + 1
        print(f"shard {number}: {total} chunks", flush=True)


if __name__ == "__main__":
    main()
