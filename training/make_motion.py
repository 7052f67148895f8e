"""Renders synthetic clips, really encodes them, and stores the decoded motion fields and the luma as shards."""

import argparse
import random
import time
from pathlib import Path

import cv2
import numpy as np

from codec import FIELDS_PER_SECOND, Coding, decode_vectors, encode, lossy, mpeg4, starved_x264, x264
from motion_fields import FIELDS_PER_CHUNK, to_chunks, to_field
from scenes import SceneMaker, load_rgb

CLIP_FIELDS = (24, 28)  # the second leaves half a chunk, which is padded with masked fields
# (width, height): the pack's re-encoding size first, then what live publishers send.
SIZES = [(576, 320), (640, 360), (320, 576), (480, 368)]
LUMA_PX = 128
# The packages whose photographs are set in motion.
SOURCES = ("lomiri-wallpapers", "mate-backgrounds", "opencv-doc", "plasma-workspace-wallpapers", "stellarium-data")


def chunks_of(pictures: list[np.ndarray], coding: Coding, per_field: int) -> tuple[np.ndarray, np.ndarray]:
    """The chunks of one encoded clip; its first picture is the keyframe and has no field."""
    height, width = pictures[0].shape[:2]
    packets = encode(pictures, width, height, coding, FIELDS_PER_SECOND * per_field)
    vectors = decode_vectors(packets, coding.codec)[1:]
    return to_chunks([to_field(vectors[at : at + per_field], width, height) for at in range(0, len(vectors), per_field)])


def random_codings(draw: random.Random) -> list[tuple[Coding, bool]]:
    """Always MPEG-4 at the pack's clock, as for re-encoding; H.264 at the source's rate beside it for two clips in
    three, starved in one of three. The flag says whether the coding sees every picture."""
    codings = [(mpeg4(draw.choice([3, 4, 4, 4, 5])), False)]
    if draw.random() < 0.67:
        plain = x264(draw.choice(["ultrafast", "veryfast", "medium"]), draw.randint(18, 32))
        codings.append((starved_x264(draw.choice([80, 150, 300, 600])) if draw.random() < 0.33 else plain, True))
    return codings


def as_published(pictures: list[np.ndarray], draw: random.Random, rate: int) -> list[np.ndarray]:
    """Half of the clips have been coded before, with loss; one in eight shows each picture twice, as drawn films do."""
    if draw.random() < 0.125:
        pictures = [pictures[index - index % 2] for index in range(len(pictures))]
    if draw.random() < 0.5:
        return pictures
    before = x264("veryfast", draw.randint(24, 36)) if draw.random() < 0.6 else mpeg4(draw.randint(6, 14))
    return lossy(pictures, before, rate)


def luma_of(picture: np.ndarray) -> np.ndarray:
    """The luma of a picture squashed to a square by area: uint8 [128, 128]."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return cv2.resize(grey, (LUMA_PX, LUMA_PX), interpolation=cv2.INTER_AREA)


class Shard:
    """Chunks with the pictures that they move: `luma[first[i]]` to `luma[first[i] + 8]` belong to chunk i."""

    def __init__(self) -> None:
        self.motion: list[np.ndarray] = []
        self.mask: list[np.ndarray] = []
        self.first: list[int] = []
        self.number: list[int] = []
        self.luma: list[np.ndarray] = []

    def add_clip(self, pictures: list[np.ndarray], codings: list[tuple[Coding, bool]], per_field: int) -> None:
        """Encodes a clip in each of the codings and takes its chunks in."""
        shown = pictures[::per_field]
        start, chunks = len(self.luma), -(-(len(shown) - 1) // FIELDS_PER_CHUNK)
        self.luma += [luma_of(picture) for picture in shown]
        self.luma += [self.luma[-1]] * (chunks * FIELDS_PER_CHUNK + 1 - len(shown))
        for coding, sees_all in codings:
            motion, mask = chunks_of(pictures if sees_all else shown, coding, per_field if sees_all else 1)
            self.motion.append(motion)
            self.mask.append(mask)
            self.first += [start + number * FIELDS_PER_CHUNK for number in range(chunks)]
            self.number += range(chunks)

    def save(self, path: Path) -> int:
        """Writes the shard; an interrupted write leaves no file of that name. Returns its chunks."""
        partial = path.with_suffix(".partial.npz")
        np.savez(
            partial,
            motion=np.concatenate(self.motion),
            mask=np.concatenate(self.mask),
            first=np.array(self.first, np.int32),
            number=np.array(self.number, np.int32),
            luma=np.array(self.luma),
        )
        partial.rename(path)
        return len(self.first)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photographs", type=Path, required=True, help="folder made by photographs.py")
    parser.add_argument("--split", choices=["train", "held-out"], default="train", help="which photographs to use")
    parser.add_argument("--out", type=Path, required=True, help="folder for the shards")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--shard", type=int, default=40, help="clips a shard")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    cv2.setNumThreads(1)

    options.out.mkdir(parents=True, exist_ok=True)
    scenes = SceneMaker(load_rgb(options.photographs / options.split, SOURCES), options.seed)
    draw = random.Random(options.seed)
    end, total, number = time.monotonic() + options.minutes * 60, 0, 0
    while time.monotonic() < end:
        shard = Shard()
        for _ in range(options.shard):
            width, height = SIZES[0] if draw.random() < 0.6 else draw.choice(SIZES[1:])
            codings = random_codings(draw)
            per_field = draw.choice([1, 2]) if len(codings) > 1 else 1
            clip = scenes.clip(draw.choice(CLIP_FIELDS) + 1, width, height, per_field)
            shard.add_clip(as_published(clip, draw, FIELDS_PER_SECOND * per_field), codings, per_field)
        total, number = total + shard.save(options.out / f"shard-{options.seed}-{number:04d}.npz"), number + 1
        print(f"shard {number}: {total} chunks", flush=True)


if __name__ == "__main__":
    main()
