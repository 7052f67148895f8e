"""Gathers the training pictures from unpacked Debian packages.

Every picture is stored as a JPEG whose shorter side is at most 720 px, named KIND--PACKAGE--name.jpg. One package is
kept for tuning; no picture that shows a report video is taken, and videos are never read.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

Image.MAX_IMAGE_PIXELS = None

MAX_SHORT_SIDE_PX = 720
MIN_SIDE_PX = 200
MAX_ASPECT = 3.0
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}

# Its photographs are never trained on.
TUNE_PACKAGE = "lomiri-wallpapers-16.04"


@dataclass(frozen=True)
class Group:
    """Pictures of one kind in one package: glob patterns, and every how many of the files is taken."""

    kind: str
    package: str
    patterns: tuple[str, ...]
    every: int = 1


STELLARIUM = "usr/share/stellarium"
OPENCV = "usr/share/doc/opencv-doc"
PLASMA_PHOTOGRAPHS = (
    "Autumn BytheWater ColdRipple ColorfulCups DarkestHour EveningGlow FallenLeaf Grey Kite OneStandsOut Path summer_1am"
).split()

GROUPS = (
    Group("photograph", "lomiri-wallpapers-16.04", ("usr/share/backgrounds/*.jpg",)),
    Group("photograph", "lomiri-wallpapers-20.04", ("usr/share/backgrounds/*.jpg",)),
    Group("photograph", "mate-backgrounds", ("usr/share/backgrounds/mate/nature/*.jpg",)),
    Group("drawing", "mate-backgrounds", ("usr/share/backgrounds/mate/abstract/*", "usr/share/backgrounds/mate/desktop/*")),
    Group(
        "photograph",
        "plasma-workspace-wallpapers",
        tuple(f"usr/share/wallpapers/{name}/contents/images/2560x1600.*" for name in PLASMA_PHOTOGRAPHS),
    ),
    Group(
        "drawing",
        "plasma-workspace-wallpapers",
        tuple(f"usr/share/wallpapers/*/contents/{folder}/{size}.*" for folder in ("images", "images_dark") for size in ("2560x1600", "5120x2880", "3840x2160")),
    ),
    Group("drawing", "gnome-backgrounds", ("usr/share/backgrounds/gnome/*.webp",)),
    Group("drawing", "ukui-wallpapers", ("usr/share/backgrounds/*",)),
    Group("photograph", "openshot-qt", ("usr/lib/python3/dist-packages/openshot_qt/blender/earth/*.jpg",)),
    Group("document", "openshot-qt", ("usr/lib/python3/dist-packages/openshot_qt/transitions/extra/*",), every=40),
    Group("photograph", "stellarium-data", (f"{STELLARIUM}/landscapes/*/*", f"{STELLARIUM}/scenery3d/*/*.jpg", f"{STELLARIUM}/scenery3d/*/*/*.jpg")),
    Group("drawing", "stellarium-data", (f"{STELLARIUM}/skycultures/*/*.jpg", f"{STELLARIUM}/skycultures/*/descr_pics/*"), every=4),
    Group("space", "stellarium-data", (f"{STELLARIUM}/textures/*", f"{STELLARIUM}/nebulae/default/*"), every=8),
    Group("photograph", "opencv-doc", (f"{OPENCV}/examples/data/*", f"{OPENCV}/examples/*/*", f"{OPENCV}/examples/*/*/*")),
    Group("document", "opencv-doc", (f"{OPENCV}/opencv4/html/*",)),
)

# Frames of the report videos (vtest.avi), the same picture many times over, and masks.
LEFT_OUT = (
    "Background_Subtraction_Tutorial",
    "demo.jpg",
    "detect_test2",
    "opticalfb",
    "shape_sample",
    "left0",
    "left1",
    "right0",
    "right1",
    "trimap",
    "matte",
    "normal",
    "noise",
    "pattern",
)


def is_left_out(path: Path) -> bool:
    """Says whether the file is on the list of what is not taken."""
    return path.is_symlink() or path.suffix.lower() not in SUFFIXES or any(part in str(path) for part in LEFT_OUT)


def flattened(picture: Image.Image, index: int) -> Image.Image:
    """The picture as RGB; what is transparent shows black or white, by turns."""
    if "A" not in picture.getbands() and "transparency" not in picture.info:
        return picture.convert("RGB")
    ground = Image.new("RGBA", picture.size, ("black", "white")[index % 2])
    return Image.alpha_composite(ground, picture.convert("RGBA")).convert("RGB")


def pictures_of(group: Group, packages: Path) -> Iterator[tuple[str, Image.Image]]:
    """Yields (name, RGB picture) of a group, those that are large enough and no strips."""
    paths = [path for pattern in group.patterns for path in sorted((packages / group.package).glob(pattern))]
    kept = 0
    for path in paths:
        if is_left_out(path):
            continue
        with Image.open(path) as picture:
            short, long = sorted(picture.size)
            if short < MIN_SIDE_PX or long > short * MAX_ASPECT:
                continue
            kept += 1
            if kept % group.every:
                continue
            # Wallpapers are all called after their size.
            stem = f"{path.parts[-4]}-{path.parent.name}" if path.stem[:1].isdigit() and "x" in path.stem else path.stem
            yield f"{group.package}--{stem}", flattened(picture, kept)


def shrink(picture: Image.Image, short_side_px: int) -> Image.Image:
    """Returns the picture with its shorter side at most `short_side_px`."""
    scale = short_side_px / min(picture.size)
    if scale >= 1:
        return picture
    return picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.LANCZOS, reducing_gap=3.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packages", type=Path, required=True, help="folder of unpacked packages, one folder each")
    parser.add_argument("--out", type=Path, required=True, help="folder that gets train/ and tune/")
    options = parser.parse_args()

    seen: set[str] = set()
    counts: Counter[tuple[str, str]] = Counter()
    for group in GROUPS:
        split = "tune" if group.package == TUNE_PACKAGE else "train"
        folder = options.out / split
        folder.mkdir(parents=True, exist_ok=True)
        for name, picture in pictures_of(group, options.packages):
            if name in seen:  # a photograph is not a drawing too
                continue
            seen.add(name)
            shrink(picture, MAX_SHORT_SIDE_PX).save(folder / f"{group.kind}--{name}.jpg", quality=95, subsampling=0)
            counts[split, group.kind] += 1
    for (split, kind), count in sorted(counts.items()):
        print(f"{split}: {count} of kind {kind}")


if __name__ == "__main__":
    main()
