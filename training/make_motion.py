"""Renders synthetic clips, really encodes them, and stores the decoded motion fields as shards."""

import argparse
import random
import time
from pathlib import Path

import cv2
import numpy as np

from codec import Coding, decode_vectors, encode, mpeg4, x264
from motion_fields import to_chunks, to_field
from scenes import SceneMaker, load_rgb

CLIP_FIELDS = (24, 44)  # the second leaves half a chunk, which is padded with masked fields
# (width, height): the pack's re-encoding size first, then what live publishers send.
SIZES = [(576, 320), (640, 360), (320, 576), (480, 368)]


def chunks_of(pictures: list[np.ndarray], coding: Coding) -> tuple[np.ndarray, np.ndarray]:
    """The chunks of one encoded clip; its first picture is the keyframe and has no field."""
    height, width = pictures[0].shape[:2]
    vectors = decode_vectors(encode(pictures, width, height, coding), coding.codec)
    return to_chunks([to_field(picture, width, height) for picture in vectors[1:]])


def random_codings(draw: random.Random) -> list[Coding]:
    """Always MPEG-4, as for re-encoding; H.264 beside it for two clips in three."""
    codings = [mpeg4(draw.choice([3, 4, 4, 4, 5]))]
    if draw.random() < 0.67:
        codings.append(x264(draw.choice(["ultrafast", "veryfast", "medium"]), draw.randint(18, 32)))
    return codings


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
    photographs = load_rgb(options.photographs / options.split, "RGB")
    scenes = SceneMaker(photographs, load_rgb(options.photographs / "cutouts", "RGBA"), options.seed)
    draw = random.Random(options.seed)
    end, total, shard = time.monotonic() + options.minutes * 60, 0, 0
    while time.monotonic() < end:
        motion, mask = [], []
        for _ in range(options.shard):
            width, height = SIZES[0] if draw.random() < 0.6 else draw.choice(SIZES[1:])
            clip = scenes.clip(draw.choice(CLIP_FIELDS) + 1, width, height)
            for coding in random_codings(draw):
                clip_motion, clip_mask = chunks_of(clip, coding)
                motion.append(clip_motion)
                mask.append(clip_mask)
        path = options.out / f"shard-{options.seed}-{shard:04d}.npz"
        np.savez(path.with_suffix(".partial.npz"), motion=np.concatenate(motion), mask=np.concatenate(mask))
        path.with_suffix(".partial.npz").rename(path)
        total, shard = total + sum(map(len, motion)), shard + 1
        print(f"shard {shard}: {total} chunks", flush=True)


if __name__ == "__main__":
    main()
