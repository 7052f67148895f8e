"""The keyframe tokenizer's half of a pack: two graphs, its part of the manifest, its goldens."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

import visual_model
from onnx_graph import CodeLookup, NearestCode, export_graph, half_precision, run_graph
from pack_manifest import base64_of, file_entry
from visual_model import VisualTokenizer


class VisualEncoderGraph(nn.Module):
    def __init__(self, model: VisualTokenizer):
        super().__init__()
        self.encoder, self.nearest = model.encoder, NearestCode(model.quantizer.codebook)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.nearest(self.encoder(pixels))


class VisualDecoderGraph(nn.Module):
    def __init__(self, model: VisualTokenizer):
        super().__init__()
        self.lookup, self.decoder = CodeLookup(model.quantizer.codebook, 16, 16), model.decoder

    def forward(self, ids: Tensor) -> Tensor:
        return self.decoder(self.lookup(ids)).clamp(0, 1)


def load_visual(path: Path) -> VisualTokenizer:
    """The averaged weights of a checkpoint of train_visual.py."""
    model = VisualTokenizer()
    model.load_state_dict(torch.load(path, map_location="cpu")["averaged"])
    return half_precision(model.eval().to(memory_format=torch.contiguous_format))


def golden_picture(photograph: Path) -> np.ndarray:
    """A photograph squashed to the pack's size: uint8 [256, 256, 3]."""
    return np.asarray(Image.open(photograph).convert("RGB").resize((256, 256), Image.BOX))


def normalized(picture: np.ndarray) -> np.ndarray:
    """uint8 [256, 256, 3] to what the encoder takes: float32 [1, 3, 256, 256]."""
    mean, std = (np.array(values, np.float32) for values in (visual_model.MEAN, visual_model.STD))
    return np.ascontiguousarray(((picture.astype(np.float32) / 255 - mean) / std).transpose(2, 0, 1)[None])


def export_visual(checkpoint: Path, picture: np.ndarray, folder: Path) -> None:
    """Writes visual-encoder.onnx and visual-decoder.onnx, checked on the picture."""
    model = load_visual(checkpoint)
    pixels = torch.from_numpy(normalized(picture))
    encoder = VisualEncoderGraph(model)
    with torch.no_grad():
        ids = encoder(pixels)
    export_graph(encoder, {"pixels": pixels}, "ids", folder / "visual-encoder.onnx")
    export_graph(VisualDecoderGraph(model), {"ids": ids}, "pixels", folder / "visual-decoder.onnx")


def visual_manifest(folder: Path) -> dict[str, object]:
    """The manifest's `visual`."""
    return {
        "width": 256,
        "height": 256,
        "normalization": {"mean": list(visual_model.MEAN), "std": list(visual_model.STD)},
        "columns": 16,
        "rows": 16,
        "codebookSize": visual_model.CODES,
        "dynamic": False,
        "encoder": file_entry(folder, "visual-encoder.onnx"),
    }


def visual_goldens(folder: Path, picture: np.ndarray) -> dict[str, object]:
    """What the graphs make of the picture uint8 [256, 256, 3], which is written beside them."""
    Image.fromarray(picture).save(folder / "golden-picture.png", optimize=True)
    ids = run_graph(folder / "visual-encoder.onnx", normalized(picture))
    decoded = run_graph(folder / "visual-decoder.onnx", ids)
    return {
        "input": {"file": "golden-picture.png", "what": "RGB, 256 x 256"},
        "ids": ids[0].tolist(),
        "decoded": {
            "what": "uint8 [3, 16, 16], round(255 * pixels) at rows and columns 8, 24, ..., base64",
            "data": base64_of(np.round(decoded[0, :, 8::16, 8::16] * 255).astype(np.uint8)),
        },
    }
