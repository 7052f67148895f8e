"""What is written beside the graphs of a pack: the manifest's frame, file hashes and encoded tensors."""

import base64
import hashlib
from pathlib import Path

import numpy as np

TEXT_IDS = 32000  # of the language model that the ids are laid out for


def file_entry(folder: Path, name: str) -> dict[str, str]:
    """The manifest's entry of one graph."""
    return {"file": name, "sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest()}


def base64_of(array: np.ndarray) -> str:
    """Little-endian bytes of the array, base64."""
    return base64.b64encode(array.astype(array.dtype.newbyteorder("<")).tobytes()).decode()


def llm_layout(visual_ids: int) -> dict[str, int]:
    """The language model's ids: text, the visual codebook between its two marks, motion's between its two."""
    motion_start = TEXT_IDS + 2 + visual_ids
    return {
        "text": TEXT_IDS,
        "imageStart": TEXT_IDS,
        "imageEnd": TEXT_IDS + 1,
        "visualOffset": TEXT_IDS + 2,
        "motionStart": motion_start,
        "motionEnd": motion_start + 1,
        "motionOffset": motion_start + 2,
    }


def manifest(folder: Path, card: dict[str, object], visual: dict[str, object], motion: dict[str, object]) -> dict[str, object]:
    """The pack's manifest; `card` holds version, description and provenance, the others what each tokenizer says of itself."""
    return {
        "format": 1,
        "name": "kino-mini",
        "version": card["version"],
        "licence": "Apache-2.0",
        "description": card["description"],
        "provenance": card["provenance"],
        "visual": visual,
        "clip": {"minDurationMs": 500, "maxDurationMs": 4000},
        "motion": motion,
        "detokenizers": {
            "warp": {
                "visualDecoder": file_entry(folder, "visual-decoder.onnx"),
                "motionDecoder": file_entry(folder, "motion-decoder.onnx"),
            }
        },
        "llm": llm_layout(int(visual["codebookSize"])),
    }
