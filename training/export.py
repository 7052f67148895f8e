"""Exports trained checkpoints as a pack: four ONNX graphs, the manifest and the golden tensors."""

import argparse
import json
from pathlib import Path

from export_motion import export_motion, golden_chunks, motion_goldens, motion_manifest
from export_visual import export_visual, golden_picture, visual_goldens, visual_manifest
from pack_manifest import manifest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoints", type=Path, required=True, help="folder with visual.pt and motion-best.pt")
    parser.add_argument("--card", type=Path, default=Path(__file__).parent / "pack-card.json", help="version, description, provenance")
    parser.add_argument("--golden-photograph", type=Path, required=True, help="a photograph of the tuning package")
    parser.add_argument("--golden-shard", type=Path, required=True, help="a held-out shard of make_motion.py")
    parser.add_argument("--out", type=Path, required=True, help="folder of the pack")
    options = parser.parse_args()
    folder = options.out
    folder.mkdir(parents=True, exist_ok=True)

    picture, chunks = golden_picture(options.golden_photograph), golden_chunks(options.golden_shard)
    visual = export_visual(options.checkpoints / "visual.pt", picture, folder)
    motion = export_motion(options.checkpoints / "motion-best.pt", chunks, folder)
    pack = manifest(folder, json.loads(options.card.read_text()), visual_manifest(folder), motion_manifest(folder))
    (folder / "pack.json").write_text(json.dumps(pack, indent=2) + "\n")
    goldens = {"visual": visual_goldens(folder, visual, picture), "motion": motion_goldens(motion, chunks)}
    (folder / "goldens.json").write_text(json.dumps(goldens) + "\n")
    print(f"{sum(path.stat().st_size for path in folder.iterdir()) / 1e6:.1f} MB in {folder}")


if __name__ == "__main__":
    main()
