"""The keyframe tokenizer's half of a pack: two graphs, its part of the manifest, its goldens."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from onnx_graph import NearestCode, export_graph, half_precision, sure_ids
from pack_manifest import base64_of, file_entry
from resampling import resampling
from visual_data import scaled
from visual_model import CELL_PX, CODE_DIM, CODES, FRAME_PX, GRID, LADDER, MEAN, STD, GridTokenizer, normalized

DEFAULT_TOKENS = 144
GOLDEN_SIDES = (8, 12, 16)


def matrices(grid: Tensor, to_grid: bool) -> tuple[Tensor, Tensor]:
    """What scales the lines and the columns of a frame to those of a grid [rows, columns] of cells, or back."""
    whole, (rows, columns) = torch.tensor(FRAME_PX), (grid.long() * CELL_PX).unbind()
    pairs = ((whole, rows), (whole, columns)) if to_grid else ((rows, whole), (columns, whole))
    down, across = (resampling(*pair) for pair in pairs)
    return down, across.T


class VisualEncoderGraph(nn.Module):
    """Pixels [N, 3, 256, 256] and grid int32 [rows, columns] to ids int32 [N, rows * columns], row-major."""

    def __init__(self, model: GridTokenizer):
        super().__init__()
        self.model, self.nearest = model, NearestCode(model.quantize.codebook)

    def vectors(self, pixels: Tensor, grid: Tensor) -> Tensor:
        down, across = matrices(grid, to_grid=True)
        return self.model.vectors_of(down @ pixels @ across)

    def forward(self, pixels: Tensor, grid: Tensor) -> Tensor:
        return self.nearest(self.vectors(pixels, grid).permute(0, 3, 1, 2))


class VisualDecoderGraph(nn.Module):
    """Ids int32 [N, rows * columns] of the grid int32 [rows, columns] to RGB [N, 3, 256, 256] of 0 to 1."""

    def __init__(self, model: GridTokenizer):
        super().__init__()
        self.model = model
        self.register_buffer("codebook", model.quantize.codebook.clone())

    def forward(self, ids: Tensor, grid: Tensor) -> Tensor:
        rows, columns = grid.long().unbind()
        codes = nn.functional.embedding(ids.long(), self.codebook).reshape(ids.shape[0], rows, columns, CODE_DIM)
        down, across = matrices(grid, to_grid=False)
        return (down @ self.model.pixels(codes) @ across).clamp(0, 1)


def load_visual(path: Path) -> GridTokenizer:
    """The averaged weights of a checkpoint of train_visual.py, rounded to halves; the codebook stays as it is."""
    model = GridTokenizer()
    model.load_state_dict(torch.load(path, map_location="cpu")["averaged"])
    return half_precision(model.eval().to(memory_format=torch.contiguous_format))


def golden_picture(photograph: Path) -> np.ndarray:
    """A photograph squashed to the pack's size: uint8 [256, 256, 3]."""
    picture = Image.open(photograph).convert("RGB")
    return np.asarray(scaled(picture, (0, 0, *picture.size), FRAME_PX))


def as_input(picture: np.ndarray) -> Tensor:
    """uint8 [256, 256, 3] to what the encoder takes: float32 [1, 3, 256, 256]."""
    return normalized(torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255).contiguous()


def square(side: int) -> Tensor:
    """The graphs' input for a grid of side x side tokens."""
    return torch.tensor([side, side], dtype=torch.int32)


@torch.no_grad()
def export_visual(path: Path, picture: np.ndarray, folder: Path) -> GridTokenizer:
    """Writes visual-encoder.onnx and visual-decoder.onnx, checked on the picture at every size of the ladder; returns the model."""
    model = load_visual(path)
    pixels, encoder, decoder = as_input(picture), VisualEncoderGraph(model), VisualDecoderGraph(model)
    seen = [{"pixels": pixels, "grid": square(side)} for side in LADDER]
    told = [{"ids": encoder(**inputs), "grid": inputs["grid"]} for inputs in seen]
    export_graph(encoder, seen, "ids", folder / "visual-encoder.onnx", {"pixels": ["N"], "ids": ["N", "P"]})
    export_graph(decoder, told, "pixels", folder / "visual-decoder.onnx", {"ids": ["N", "P"], "pixels": ["N"]})
    return model


def visual_manifest(folder: Path) -> dict[str, object]:
    """The manifest's `visual`."""
    return {
        "width": FRAME_PX,
        "height": FRAME_PX,
        "normalization": {"mean": list(MEAN), "std": list(STD)},
        "columns": GRID,
        "rows": GRID,
        "codebookSize": CODES,
        "dynamic": False,
        "ladder": {"defaultTokens": DEFAULT_TOKENS, "grids": [{"columns": side, "rows": side} for side in LADDER]},
        "encoder": file_entry(folder, "visual-encoder.onnx"),
    }


def visual_goldens(folder: Path, model: GridTokenizer, picture: np.ndarray) -> dict[str, object]:
    """What PyTorch makes of the picture uint8 [256, 256, 3], which is written beside the graphs, on grids of several sizes."""
    Image.fromarray(picture).save(folder / "golden-picture.png", optimize=True)
    return {
        "input": {"file": "golden-picture.png", "what": "RGB, 256 x 256"},
        "grids": [golden_grid(model, as_input(picture), side) for side in GOLDEN_SIDES],
    }


@torch.no_grad()
def golden_grid(model: GridTokenizer, pixels: Tensor, side: int) -> dict[str, object]:
    """Ids with what is sure of them, and some pixels of what they decode to."""
    encoder, grid = VisualEncoderGraph(model), square(side)
    ids = encoder(pixels, grid)
    decoded = VisualDecoderGraph(model)(ids, grid)[0, :, 8::16, 8::16]
    return {
        "columns": side,
        "rows": side,
        "ids": ids[0].tolist(),
        "sure": sure_ids(encoder.vectors(pixels, grid)[0].flatten(0, 1), model.quantize.codebook),
        "decoded": {
            "what": "float32 [3, 16, 16], pixels at rows and columns 8, 24, ..., base64, little-endian",
            "data": base64_of(decoded.numpy().astype(np.float32)),
        },
    }
