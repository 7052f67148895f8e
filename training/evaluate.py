"""Measures a pack on videos: keyframes, motion, the warped preview, and the time of each graph."""

import argparse
import json
import time
from pathlib import Path

import av
import cv2
import numpy as np

from codec import FIELDS_PER_SECOND, mpeg4
from export import session
from make_motion import chunks_of
from motion_fields import FIELDS_PER_CHUNK

CODED_SIZE = (576, 320)
CLIP_FIELDS = 48
BLANK_BELOW = 4.0  # standard deviation of the pixels, of 255
STILL = np.array([0.25 / 576, 0.25 / 320], np.float32).reshape(1, 2, 1, 1, 1)


class Pack:
    """The four graphs of a pack folder, one CPU thread each."""

    def __init__(self, folder: Path):
        manifest = json.loads((folder / "pack.json").read_text())
        self.mean = np.array(manifest["visual"]["normalization"]["mean"], np.float32)
        self.std = np.array(manifest["visual"]["normalization"]["std"], np.float32)
        self.scale = np.array(manifest["motion"]["normalization"]["scale"], np.float32).reshape(1, 2, 1, 1, 1)
        self.still_threshold = manifest["motion"]["stillThreshold"]
        names = ("visual-encoder", "visual-decoder", "motion-encoder", "motion-decoder")
        self.sessions = {name: session(folder / f"{name}.onnx") for name in names}
        self.times_ms: dict[str, list[float]] = {name: [] for name in names}

    def run(self, name: str, *arrays: np.ndarray) -> np.ndarray:
        runtime = self.sessions[name]
        feeds = {item.name: array for item, array in zip(runtime.get_inputs(), arrays, strict=True)}
        start = time.perf_counter()
        output = runtime.run(None, feeds)[0]
        self.times_ms[name].append((time.perf_counter() - start) * 1000)
        return output

    def keyframe(self, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """RGB uint8 [256, 256, 3] to (rebuilt picture alike, ids [256])."""
        pixels = ((picture.astype(np.float32) / 255 - self.mean) / self.std).transpose(2, 0, 1)[None]
        ids = self.run("visual-encoder", np.ascontiguousarray(pixels))
        decoded = self.run("visual-decoder", ids)[0].transpose(1, 2, 0)
        return np.round(decoded * 255).astype(np.uint8), ids[0]

    def motion(self, motion: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Fractions [2, 8, 20, 36] and mask [1, 8, 20, 36] to (rebuilt fractions alike, ids [45]; none if still)."""
        valid = mask[None].astype(np.float32)
        fractions = motion[None].astype(np.float32) * valid
        if (np.abs(fractions) < self.still_threshold).all():
            return np.zeros_like(fractions[0]), np.zeros(0, np.int32)
        ids = self.run("motion-encoder", np.arcsinh(fractions / self.scale), valid)
        units = self.run("motion-decoder", ids)
        return (np.sinh(units) * self.scale)[0], ids[0]




def read_pictures(path: Path, limit_s: float) -> list[np.ndarray]:
    """RGB pictures at 12 a second: at each tick the last picture at or before it."""
    pictures: list[np.ndarray] = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        origin, last = None, None
        for index, frame in enumerate(container.decode(stream)):
            seconds = frame.time if frame.time is not None else index / float(stream.average_rate)
            origin = seconds if origin is None else origin
            while last is not None and len(pictures) / FIELDS_PER_SECOND < seconds - origin - 1e-6:
                pictures.append(last)
            if seconds - origin > limit_s:
                return pictures
            last = frame.to_ndarray(format="rgb24")
        pictures.append(last)
    return pictures


def psnr_db(a: np.ndarray, b: np.ndarray) -> float:
    mse = np.mean((a.astype(np.float32) - b.astype(np.float32)) ** 2)
    return float(10 * np.log10(255**2 / max(mse, 1e-3)))


def thumbnail(picture: np.ndarray) -> np.ndarray:
    """The yardstick: a 16 x 16 box thumbnail scaled up bicubically."""
    small = cv2.resize(picture, (16, 16), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (256, 256), interpolation=cv2.INTER_CUBIC)


def measure_keyframes(pack: Pack, pictures: list[np.ndarray], count: int) -> dict[str, object]:
    chosen = [pictures[i] for i in np.linspace(0, len(pictures) - 1, count).astype(int)]
    # A blank picture has no bounded PSNR (the thumbnail is exact) and would outweigh all others.
    chosen = [picture for picture in chosen if picture.std() >= BLANK_BELOW]
    quality, yardstick, ids = [], [], []
    for picture in chosen:
        squashed = cv2.resize(picture, (256, 256), interpolation=cv2.INTER_AREA)
        rebuilt, picture_ids = pack.keyframe(squashed)
        quality.append(psnr_db(rebuilt, squashed))
        yardstick.append(psnr_db(thumbnail(squashed), squashed))
        ids.append(picture_ids)
    return {"keyframeDb": np.mean(quality), "thumbnailDb": np.mean(yardstick), "visualIds": np.concatenate(ids)}


def advance(map_: np.ndarray, field: np.ndarray) -> np.ndarray:
    """Follows one field [2, 20, 36] in the map float32 [h, w, 2] from the picture back into the keyframe."""
    height, width = map_.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    dx = cv2.resize(field[0], (width, height), interpolation=cv2.INTER_LINEAR) * width
    dy = cv2.resize(field[1], (width, height), interpolation=cv2.INTER_LINEAR) * height
    return cv2.remap(map_, x - dx, y - dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def warp_quality(pictures: list[np.ndarray], fields: np.ndarray, keyframe: np.ndarray) -> list[float]:
    """Luma PSNR of every picture after the first, rebuilt by warping the keyframe with fields [n, 2, 20, 36]."""
    height, width = pictures[0].shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    map_ = np.stack([x, y], -1)
    start = luma(keyframe)
    quality = []
    for picture, field in zip(pictures[1:], fields, strict=True):
        map_ = advance(map_, field)
        preview = cv2.remap(start, map_[..., 0], map_[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        quality.append(psnr_db(preview, luma(picture)))
    return quality


def luma(picture: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)


def measure_motion(pack: Pack, pictures: list[np.ndarray]) -> dict[str, object]:
    """Motion and preview over clips of 4 s, each encoded anew as the manifest says."""
    squashed = [cv2.resize(picture, CODED_SIZE, interpolation=cv2.INTER_AREA) for picture in pictures]
    error = energy = 0.0
    still_cells = false_cells = still_chunks = 0
    quality: dict[str, list[float]] = {name: [] for name in ("hold", "vectors", "tokens", "holdRebuilt", "tokensRebuilt")}
    ids = []
    for start in range(0, len(squashed) - FIELDS_PER_CHUNK, CLIP_FIELDS):
        clip = squashed[start : start + CLIP_FIELDS + 1]
        motion, mask = chunks_of(clip, mpeg4(4))
        rebuilt = []
        for chunk, valid in zip(motion.astype(np.float32), mask):
            output, chunk_ids = pack.motion(chunk, valid)
            rebuilt.append(output)
            still_chunks += len(chunk_ids) == 0
            ids.append(chunk_ids)
            error += float((((output - chunk) ** 2) * valid).sum())
            energy += float(((chunk**2) * valid).sum())
            still = valid[0].astype(bool) & (np.abs(chunk) < STILL[0]).all(0)
            still_cells += int(still.sum())
            false_cells += int((still & (np.abs(output) >= STILL[0]).any(0)).sum())
        true_fields = motion.astype(np.float32).swapaxes(1, 2).reshape(-1, 2, 20, 36)[: len(clip) - 1]
        token_fields = np.stack(rebuilt).swapaxes(1, 2).reshape(-1, 2, 20, 36)[: len(clip) - 1]
        keyframe, _ = pack.keyframe(cv2.resize(clip[0], (256, 256), interpolation=cv2.INTER_AREA))
        keyframe = cv2.resize(keyframe, CODED_SIZE, interpolation=cv2.INTER_CUBIC)
        quality["hold"] += warp_quality(clip, 0 * true_fields, clip[0])
        quality["vectors"] += warp_quality(clip, true_fields, clip[0])
        quality["tokens"] += warp_quality(clip, token_fields, clip[0])
        quality["holdRebuilt"] += warp_quality(clip, 0 * true_fields, keyframe)
        quality["tokensRebuilt"] += warp_quality(clip, token_fields, keyframe)
    return {
        "explained": 1 - error / max(energy, 1e-9),
        "falseMotion": false_cells / max(still_cells, 1),
        "stillChunks": still_chunks,
        "chunks": len(ids),
        "motionIds": np.concatenate(ids),
        **{f"{name}Db": np.mean(values) for name, values in quality.items()},
    }


def perplexity(ids: np.ndarray) -> float:
    share = np.unique(ids, return_counts=True)[1] / max(len(ids), 1)
    return float(np.exp(-(share * np.log(share)).sum()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("videos", type=Path, nargs="+")
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--keyframes", type=int, default=8, help="pictures of each video, evenly spread")
    parser.add_argument("--seconds", type=float, default=12, help="of each video, from its start")
    options = parser.parse_args()
    cv2.setNumThreads(1)

    pack = Pack(options.pack)
    columns = [
        "keyframeDb", "thumbnailDb", "explained", "falseMotion", "chunks", "stillChunks",
        "holdDb", "vectorsDb", "tokensDb", "holdRebuiltDb", "tokensRebuiltDb",
    ]  # fmt: skip
    print("| video | " + " | ".join(columns) + " |\n" + "| --- " * (len(columns) + 1) + "|")
    rows = []
    for path in options.videos:
        pictures = read_pictures(path, options.seconds)
        row = {**measure_keyframes(pack, pictures, options.keyframes), **measure_motion(pack, pictures)}
        rows.append(row)
        print(f"| {path.name} | " + " | ".join(f"{row[name]:.4g}" for name in columns) + " |", flush=True)
    print("| mean | " + " | ".join(f"{np.mean([row[name] for row in rows]):.4g}" for name in columns) + " |")
    for kind in ("visualIds", "motionIds"):
        ids = np.concatenate([row[kind] for row in rows])
        print(f"{kind}: {len(np.unique(ids))} codes used, perplexity {perplexity(ids):.0f}, of {len(ids)} tokens")
    for name, times in pack.times_ms.items():
        print(f"{name}: median {np.median(times):.1f} ms on one thread")


if __name__ == "__main__":
    main()
