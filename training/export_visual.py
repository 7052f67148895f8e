"""The keyframe tokenizer's half of a pack: two graphs, its part of the manifest, its goldens."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

import visual_model
from calibration import POSITIONS, calibration, scores_of
from dynamic_tokenizer import kept
from onnx_graph import NearestCode, export_graph, half_precision
from pack_manifest import base64_of, file_entry
from visual_data import FRAME_PX, CropSampler, load_pictures, scaled
from visual_model import GRID, KeyframeTokenizer

DEFAULT_TOKENS = 128
CALIBRATION_PICTURES = 240
GOLDEN_TOKENS = (128, 256)
# Of the nearness of the best two codes, and of a score from its threshold: above it an id is the same on every runtime.
SURE_GAP = 1e-3


class VisualEncoderGraph(nn.Module):
    """Pixels, threshold [N] and cap [N] to ids int32 [N, 256], -1 where a position has no token."""

    def __init__(self, model: KeyframeTokenizer):
        super().__init__()
        self.model, self.nearest = model, NearestCode(model.tokenizer.quantize.codebook)

    def forward(self, pixels: Tensor, threshold: Tensor, cap: Tensor) -> Tensor:
        features = self.model.stem(pixels)
        keep = kept(self.model.scores(features), threshold, cap.to(pixels.dtype))
        ids = self.nearest(self.model.vectors(features, keep, GRID).transpose(1, 2))
        return torch.where(keep > 0, ids, -torch.ones_like(ids))


class VisualDecoderGraph(nn.Module):
    """Ids int32 [N, 256], -1 where there is none, to RGB [N, 3, 256, 256] of 0 to 1."""

    def __init__(self, model: KeyframeTokenizer):
        super().__init__()
        self.model = model
        self.register_buffer("codebook", model.tokenizer.quantize.codebook.clone())

    def forward(self, ids: Tensor) -> Tensor:
        codes = nn.functional.embedding(ids.clamp(min=0).long(), self.codebook)
        return self.model.pixels(codes, (ids >= 0).to(codes.dtype), GRID).clamp(0, 1)


def load_visual(path: Path) -> KeyframeTokenizer:
    """The averaged weights of a checkpoint of train_visual.py; the codebook stays as it is."""
    model = KeyframeTokenizer()
    model.load_state_dict(torch.load(path, map_location="cpu")["averaged"])
    codebook = model.tokenizer.quantize.codebook.clone()
    half_precision(model.eval().to(memory_format=torch.contiguous_format))
    model.tokenizer.quantize.codebook.copy_(codebook)
    return model


def golden_picture(photograph: Path) -> np.ndarray:
    """A photograph squashed to the pack's size: uint8 [256, 256, 3]."""
    picture = Image.open(photograph).convert("RGB")
    return np.asarray(scaled(picture, (0, 0, *picture.size), FRAME_PX))


def normalized(picture: np.ndarray) -> np.ndarray:
    """uint8 [256, 256, 3] to what the encoder takes: float32 [1, 3, 256, 256]."""
    mean, std = (np.array(values, np.float32) for values in (visual_model.MEAN, visual_model.STD))
    return np.ascontiguousarray(((picture.astype(np.float32) / 255 - mean) / std).transpose(2, 0, 1)[None])


def export_visual(checkpoint: Path, picture: np.ndarray, pictures: Path, folder: Path) -> tuple[KeyframeTokenizer, list[dict[str, float]]]:
    """Writes visual-encoder.onnx and visual-decoder.onnx, checked on the picture; returns the model and the calibration
    table, made on draws of the training pictures."""
    model = load_visual(checkpoint)
    draws = CropSampler(load_pictures(pictures / "train"), seed=77)
    table = calibration(scores_of(model, draws.batch(CALIBRATION_PICTURES, FRAME_PX)))
    inputs = {"pixels": torch.from_numpy(normalized(picture)), **budget_inputs(table, DEFAULT_TOKENS)}
    encoder = VisualEncoderGraph(model)
    with torch.no_grad():
        ids = encoder(*inputs.values())
    export_graph(encoder, inputs, "ids", folder / "visual-encoder.onnx")
    export_graph(VisualDecoderGraph(model), {"ids": ids}, "pixels", folder / "visual-decoder.onnx")
    return model, table


def budget_inputs(table: list[dict[str, float]], tokens: int) -> dict[str, Tensor]:
    """The encoder's threshold and cap for a row of the table."""
    threshold = next(row["threshold"] for row in table if row["tokens"] == tokens)
    return {"threshold": torch.tensor([threshold]), "cap": torch.tensor([min(POSITIONS, 2 * tokens)], dtype=torch.int32)}


def visual_manifest(folder: Path, table: list[dict[str, float]]) -> dict[str, object]:
    """The manifest's `visual`."""
    return {
        "width": FRAME_PX,
        "height": FRAME_PX,
        "normalization": {"mean": list(visual_model.MEAN), "std": list(visual_model.STD)},
        "columns": GRID,
        "rows": GRID,
        "codebookSize": visual_model.CODES,
        "dynamic": True,
        "budget": {"defaultTokens": DEFAULT_TOKENS, "calibration": table},
        "encoder": file_entry(folder, "visual-encoder.onnx"),
    }


def visual_goldens(folder: Path, model: KeyframeTokenizer, picture: np.ndarray, table: list[dict[str, float]]) -> dict[str, object]:
    """What PyTorch makes of the picture uint8 [256, 256, 3], which is written beside the graphs, at two budgets."""
    Image.fromarray(picture).save(folder / "golden-picture.png", optimize=True)
    return {
        "input": {"file": "golden-picture.png", "what": "RGB, 256 x 256"},
        "budgets": [golden_budget(model, picture, table, tokens) for tokens in GOLDEN_TOKENS],
    }


@torch.no_grad()
def golden_budget(model: KeyframeTokenizer, picture: np.ndarray, table: list[dict[str, float]], tokens: int) -> dict[str, object]:
    """Ids with what is sure of them, and some pixels of what they decode to."""
    pixels, budget = torch.from_numpy(normalized(picture)), budget_inputs(table, tokens)
    ids = VisualEncoderGraph(model)(pixels, **budget)
    features = model.stem(pixels)
    scores = model.scores(features)
    codes = model.tokenizer.quantize.codebook
    nearness = 2 * model.vectors(features, (ids >= 0).float(), GRID) @ codes.T - codes.square().sum(1)
    best = nearness.topk(2, dim=2).values
    is_sure = (best[..., 0] - best[..., 1] > SURE_GAP) | (ids < 0)
    # A position near the threshold may be kept here and dropped there.
    is_sure &= (scores - budget["threshold"]).abs() > SURE_GAP
    decoded = VisualDecoderGraph(model)(ids)[0, :, 8::16, 8::16]
    return {
        "tokens": tokens,
        "threshold": budget["threshold"].item(),
        "cap": budget["cap"].item(),
        "ids": ids[0].tolist(),
        "sure": "".join(str(int(sure)) for sure in is_sure[0]),
        "decoded": {
            "what": "float32 [3, 16, 16], pixels at rows and columns 8, 24, ..., base64, little-endian",
            "data": base64_of(decoded.numpy().astype(np.float32)),
        },
    }
