"""Exports trained checkpoints as a pack: four ONNX graphs, the manifest and the golden tensors."""

import argparse
import json
import shutil
from pathlib import Path

from export_motion import export_motion, golden_chunks, motion_goldens, motion_manifest
from export_visual import export_visual, golden_picture, visual_goldens, visual_manifest
from pack_manifest import manifest

MOTION_GRAPHS = ("motion-encoder.onnx", "motion-decoder.onnx")


def kept_motion(pack: Path, folder: Path) -> tuple[dict[str, object], dict[str, object]]:
    """Copies the motion graphs of another pack; returns its manifest's `motion` and its goldens."""
    for name in MOTION_GRAPHS:
        if pack.resolve() != folder.resolve():
            shutil.copyfile(pack / name, folder / name)
    return tuple(json.loads((pack / name).read_text())["motion"] for name in ("pack.json", "goldens.json"))


def trained_motion(checkpoint: Path, shard: Path, folder: Path) -> tuple[dict[str, object], dict[str, object]]:
    """Exports the motion graphs; returns the manifest's `motion` and the goldens."""
    chunks = golden_chunks(shard)
    model = export_motion(checkpoint, chunks, folder)
    return motion_manifest(folder), motion_goldens(model, chunks)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoints", type=Path, required=True, help="folder with visual.pt and motion-best.pt")
    parser.add_argument("--card", type=Path, default=Path(__file__).parent / "pack-card.json", help="version, description, provenance")
    parser.add_argument("--golden-photograph", type=Path, required=True, help="a photograph of the tuning package")
    motion = parser.add_mutually_exclusive_group(required=True)
    motion.add_argument("--golden-shard", type=Path, help="a held-out shard of make_motion.py")
    motion.add_argument("--keep-motion", type=Path, help="a pack whose motion tokenizer is taken as it is, instead of motion-best.pt")
    parser.add_argument("--out", type=Path, required=True, help="folder of the pack")
    options = parser.parse_args()
    folder = options.out
    folder.mkdir(parents=True, exist_ok=True)

    if options.keep_motion:
        described, checked = kept_motion(options.keep_motion, folder)
    else:
        described, checked = trained_motion(options.checkpoints / "motion-best.pt", options.golden_shard, folder)
    picture = golden_picture(options.golden_photograph)
    model = export_visual(options.checkpoints / "visual.pt", picture, folder)
    pack = manifest(folder, json.loads(options.card.read_text()), visual_manifest(folder), described)
    (folder / "pack.json").write_text(json.dumps(pack, indent=2) + "\n")
    goldens = {"visual": visual_goldens(folder, model, picture), "motion": checked}
    (folder / "goldens.json").write_text(json.dumps(goldens) + "\n")
    print(f"{sum(path.stat().st_size for path in folder.iterdir()) / 1e6:.1f} MB in {folder}")


if __name__ == "__main__":
    main()
