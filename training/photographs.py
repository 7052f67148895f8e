"""Gathers the training photographs from unpacked Debian packages and Python sample data.

Every picture is stored as a JPEG whose shorter side is at most 720 px. Videos are never read: the
pack is judged by real videos, so none may be trained on.
"""

import argparse
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

Image.MAX_IMAGE_PIXELS = None

MAX_SHORT_SIDE_PX = 720
MIN_SIDE_PX = 200
HELD_OUT_SHARE = 12  # one photograph in twelve is held out, chosen by the hash of its name

# Photographs that stand as plain files, by package. Drawn and rendered wallpapers are left out.
PLAIN_FILES = {
    "lomiri-wallpapers-16.04": [
        "usr/share/backgrounds/Bridge_by_*",
        "usr/share/backgrounds/Dragonfly_by_*",
        "usr/share/backgrounds/Picture_*",
        "usr/share/backgrounds/Wine_by_*",
        "usr/share/backgrounds/*_by_Aitzol_Berasategi.jpg",
        "usr/share/backgrounds/[fg]ree*_by_Peter_Nerlich.jpg",
        "usr/share/backgrounds/seeding_by_*",
    ],
    "lomiri-wallpapers-20.04": ["usr/share/backgrounds/Kleiber_by_*"],
    "mate-backgrounds": ["usr/share/backgrounds/mate/nature/*.jpg"],
    "plasma-workspace-wallpapers": [
        f"usr/share/wallpapers/{name}/contents/images/2560x1600.jpg"
        for name in (
            "Autumn",
            "BytheWater",
            "ColdRipple",
            "ColorfulCups",
            "EveningGlow",
            "FallenLeaf",
            "Grey",
            "Kite",
            "OneStandsOut",
            "Path",
            "summer_1am",
        )
    ],
    "stellarium-data": [
        "usr/share/stellarium/landscapes/garching/garching-g*.png",
        "usr/share/stellarium/landscapes/guereins/guereins*.png",
        "usr/share/stellarium/landscapes/hurricane/hurricane[1678b].png",
        "usr/share/stellarium/landscapes/ocean/ocean[159].png",
    ],
    "opencv-doc": [
        f"usr/share/doc/opencv-doc/examples/data/{name}"
        for name in (
            "aero[13].jpg",
            "aloeL.jpg",
            "apple.jpg",
            "baboon.jpg",
            "basketball1.png",
            "board.jpg",
            "box_in_scene.png",
            "building.jpg",
            "butterfly.jpg",
            "cards.png",
            "fruits.jpg",
            "graf1.png",
            "home.jpg",
            "left.jpg",
            "leuvenA.jpg",
            "messi5.jpg",
            "orange.jpg",
            "rubberwhale1.png",
            "smarties.png",
            "squirrel_cls.jpg",
            "stuff.jpg",
        )
    ],
    "tuxpaint-data": ["usr/share/tuxpaint/templates/*.jpg"],
}

# Qt resource archives of gcompris-qt-data whose opaque pictures are photographs.
RESOURCE_PACKAGE = "gcompris-qt-data"
RESOURCE_ARCHIVES = [
    "categorization",
    "clickgame",
    "details",
    "erase",
    "explore_farm_animals",
    "explore_monuments",
    "explore_world_animals",
    "explore_world_music",
    "louis-braille",
]

SKIMAGE_PHOTOGRAPHS = ["astronaut", "chelsea", "coffee", "rocket"]


def plain_photographs(packages: Path) -> Iterator[tuple[str, Image.Image]]:
    """Yields (name, picture) of every listed plain file."""
    for package, patterns in PLAIN_FILES.items():
        for pattern in patterns:
            for path in sorted((packages / package).glob(pattern)):
                stem = path.parts[-4] if path.stem == "2560x1600" else path.stem
                yield f"{package}-{stem}", Image.open(path)


def embedded_pictures(archive: bytes) -> Iterator[tuple[int, Image.Image]]:
    """Yields (byte offset, picture) of the WebP and JPEG streams inside an archive."""
    for magic in (b"RIFF", b"\xff\xd8\xff"):
        start = archive.find(magic)
        while start >= 0:
            try:
                picture = Image.open(io.BytesIO(archive[start:]))
                picture.load()
                yield start, picture
                step = 12_000
            except OSError:  # the magic bytes stood by chance in other data
                step = 4
            start = archive.find(magic, start + step)


def resource_photographs(packages: Path) -> Iterator[tuple[str, Image.Image]]:
    """Yields (name, picture) of the opaque pictures in the listed Qt resource archives."""
    folder = packages / RESOURCE_PACKAGE / "usr/share/gcompris-qt/rcc"
    for archive in RESOURCE_ARCHIVES:
        for offset, picture in embedded_pictures((folder / f"{archive}.rcc").read_bytes()):
            if not has_transparency(picture):
                yield f"{RESOURCE_PACKAGE}-{archive}-{offset}", picture


def sample_photographs() -> Iterator[tuple[str, Image.Image]]:
    """Yields (name, picture) of the sample photographs of scikit-image and scikit-learn."""
    from skimage import data
    from sklearn.datasets import load_sample_images

    for name in SKIMAGE_PHOTOGRAPHS:
        yield f"scikit-image-{name}", Image.fromarray(getattr(data, name)())
    for index, picture in enumerate(load_sample_images().images):
        yield f"scikit-learn-{index}", Image.fromarray(picture)


def has_transparency(picture: Image.Image) -> bool:
    """Says whether any pixel is not opaque."""
    return "A" in picture.getbands() and picture.getchannel("A").getextrema()[0] < 250


def is_held_out(name: str) -> bool:
    """Says whether the photograph of this name is kept for tuning, never trained on."""
    return hashlib.sha256(name.encode()).digest()[0] % HELD_OUT_SHARE == 0


def shrink(picture: Image.Image, short_side_px: int) -> Image.Image:
    """Returns the picture with its shorter side at most `short_side_px`."""
    scale = short_side_px / min(picture.size)
    if scale >= 1:
        return picture
    return picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.LANCZOS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packages", type=Path, required=True, help="folder of unpacked packages, one folder each")
    parser.add_argument("--out", type=Path, required=True, help="folder that gets train/ and held-out/")
    options = parser.parse_args()

    counts = {"train": 0, "held-out": 0}
    for folder in counts:
        (options.out / folder).mkdir(parents=True, exist_ok=True)
    for source in (plain_photographs(options.packages), resource_photographs(options.packages), sample_photographs()):
        for name, picture in source:
            if min(picture.size) < MIN_SIDE_PX:
                continue
            folder = "held-out" if is_held_out(name) else "train"
            small = shrink(picture.convert("RGB"), MAX_SHORT_SIDE_PX)
            small.save(options.out / folder / f"{name}.jpg", quality=95, subsampling=0)
            counts[folder] += 1
    print(counts)


if __name__ == "__main__":
    main()
