"""The motion tokenizer's half of a pack: two graphs, its part of the manifest, its goldens."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

import motion_model
from motion_data import Chunks, ChunkSampler
from motion_model import MotionTokenizer, denormalize, gated
from onnx_graph import CodeLookup, NearestCode, export_graph, half_precision, run_graph
from pack_manifest import base64_of, file_entry
from picture_fit import LUMA_COLUMNS, LUMA_ROWS


class MotionEncoderGraph(nn.Module):
    def __init__(self, model: MotionTokenizer):
        super().__init__()
        self.model, self.nearest = model, NearestCode(model.quantizer.codebook)

    def forward(self, motion: Tensor, mask: Tensor, luma: Tensor) -> Tensor:
        return self.nearest(self.model.encoder(self.model.inputs(motion, mask, luma)))


class MotionDecoderGraph(nn.Module):
    def __init__(self, model: MotionTokenizer):
        super().__init__()
        self.lookup, self.decoder = CodeLookup(model.quantizer.codebook, motion_model.TOKEN_ROWS, motion_model.TOKEN_COLUMNS), model.decoder

    def forward(self, ids: Tensor) -> Tensor:
        return denormalize(gated(*self.decoder(self.lookup(ids))))


def load_motion(path: Path) -> MotionTokenizer:
    """The averaged weights of a checkpoint of train_motion.py."""
    model = MotionTokenizer()
    model.load_state_dict(torch.load(path, map_location="cpu")["averaged"])
    return half_precision(model.eval())


def golden_chunks(shard: Path) -> Chunks:
    """The first four chunks of a shard."""
    return ChunkSampler(shard.parent, 0, shard.name).take(torch.arange(4))


def encoder_inputs(chunks: Chunks) -> dict[str, Tensor]:
    """What the encoder takes of chunks; luma as rounded to uint8, as the server has it."""
    return {"motion": chunks.motion, "mask": chunks.mask, "luma": (chunks.small_luma * 255).round() / 255}


def export_motion(checkpoint: Path, chunks: Chunks, folder: Path) -> None:
    """Writes motion-encoder.onnx and motion-decoder.onnx, checked on the chunks."""
    model = load_motion(checkpoint)
    inputs = encoder_inputs(chunks)
    encoder = MotionEncoderGraph(model)
    with torch.no_grad():
        ids = encoder(*inputs.values())
    export_graph(encoder, inputs, "ids", folder / "motion-encoder.onnx")
    export_graph(MotionDecoderGraph(model), {"ids": ids}, "motion", folder / "motion-decoder.onnx")


def motion_manifest(folder: Path) -> dict[str, object]:
    """The manifest's `motion`."""
    return {
        "columns": 36,
        "rows": 20,
        "fieldsPerSecond": 12,
        "fieldsPerChunk": 8,
        "normalization": {"type": "linear", "scale": [1, 1]},
        "codebookSize": motion_model.CODES,
        "tokensPerChunk": 45,
        "stillThreshold": round(motion_model.STILL[0], 6),
        "luma": {"width": LUMA_COLUMNS, "height": LUMA_ROWS},
        "encoder": file_entry(folder, "motion-encoder.onnx"),
        "reencode": {
            "codec": "mpeg4",
            "width": 576,
            "height": 320,
            "quantizer": 4,
            "gopPictures": 600,
            "motionEstimation": "epzs",
            "threads": 1,
        },
    }


def motion_goldens(folder: Path, chunks: Chunks) -> dict[str, object]:
    """What the graphs make of the liveliest of the chunks."""
    liveliest = int((chunks.motion.abs() > 0.002).flatten(1).sum(1).argmax())
    motion = chunks.motion[liveliest].half().numpy()
    mask = chunks.mask[liveliest].byte().numpy()
    luma = (encoder_inputs(chunks)["luma"][liveliest] * 255).byte().numpy()
    vectors = (motion * mask).astype(np.float32)[None]
    ids = run_graph(folder / "motion-encoder.onnx", vectors, mask[None].astype(np.float32), luma[None].astype(np.float32) / 255)
    decoded = run_graph(folder / "motion-decoder.onnx", ids)
    return {
        "input": {
            "what": "float16 [2, 8, 20, 36], fractions of the picture, base64, little-endian",
            "data": base64_of(motion.astype(np.float16)),
        },
        "mask": {"what": "uint8 [1, 8, 20, 36], base64", "data": base64_of(mask.astype(np.uint8))},
        "luma": {"what": "uint8 [9, 40, 72], base64", "data": base64_of(luma)},
        "ids": ids[0].tolist(),
        "decoded": {
            "what": "float32 [2, 8, 20, 36], fractions of the picture, base64, little-endian",
            "data": base64_of(decoded[0].astype(np.float32)),
        },
    }
