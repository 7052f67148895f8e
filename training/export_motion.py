"""The motion tokenizer's half of a pack: two graphs, its part of the manifest, its goldens."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from motion_chunks import Chunks, before
from motion_config import SMALL
from motion_data import ChunkSampler
from motion_model import MotionTokenizer
from motion_pack import cells
from motion_units import STILL, denormalize, gated
from onnx_graph import NearestCode, export_graph, half_precision, sure_ids
from pack_manifest import base64_of, file_entry
from picture_fit import LUMA_COLUMNS, LUMA_ROWS, PictureFit

CHECKED_CHUNKS = 24


class MotionEncoderGraph(nn.Module):
    """A chunk, its mask and pictures, and the chunk before it, to ids int32 [N, 45]."""

    def __init__(self, model: MotionTokenizer):
        super().__init__()
        self.model, self.fit = model, PictureFit()
        self.nearest = NearestCode(model.quantize.codebook)

    def vectors(
        self, motion: Tensor, mask: Tensor, luma: Tensor, previous_motion: Tensor, previous_mask: Tensor, has_previous: Tensor
    ) -> Tensor:
        """Unit vectors [N, 45, D]."""
        fitted = self.fit(motion, mask, luma)
        return self.model.vectors(cells(fitted, motion, mask, luma, (previous_motion, previous_mask, has_previous)))

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.nearest(self.vectors(*inputs).transpose(1, 2))


class MotionDecoderGraph(nn.Module):
    """Ids int32 [N, 45] and those of the chunk before to motion in fractions [N, 2, 8, 20, 36]."""

    def __init__(self, model: MotionTokenizer):
        super().__init__()
        self.model = model
        self.register_buffer("codebook", model.quantize.codebook.clone())

    def forward(self, ids: Tensor, previous_ids: Tensor, has_previous: Tensor) -> Tensor:
        codes, previous = (nn.functional.embedding(part.long(), self.codebook) for part in (ids, previous_ids))
        output = self.model.fields(self.model.with_context(codes, previous, has_previous))
        return denormalize(gated(output[:, :2], output[:, 2:]))


def load_motion(path: Path) -> MotionTokenizer:
    """The averaged weights of a checkpoint of train_motion.py, upsampling taken into the kernels, weights rounded to halves."""
    model = MotionTokenizer(SMALL)
    model.load_state_dict(torch.load(path, map_location="cpu")["averaged"])
    fields = [SMALL.scale(index + 1)[0] for index in reversed(range(len(SMALL.stages)))]
    layers = zip(model.decoder.up_sample_layers, fields, strict=True)
    model.decoder.up_sample_layers = nn.ModuleList(layer.collapsed(count) for layer, count in layers)
    return half_precision(model.eval())


def golden_chunks(shard: Path) -> Chunks:
    """Some chunks of a shard, in runs."""
    return next(ChunkSampler(shard.parent, 0, shard.name).in_order(CHECKED_CHUNKS, 10**9))


def encoder_inputs(chunks: Chunks) -> dict[str, Tensor]:
    """What the encoder takes of chunks; luma as rounded to uint8, as the server has it."""
    return {
        "motion": chunks.motion,
        "mask": chunks.mask,
        "luma": (chunks.small_luma * 255).round() / 255,
        "previousMotion": before(chunks.motion, chunks.follows),
        "previousMask": before(chunks.mask, chunks.follows),
        "hasPrevious": chunks.follows,
    }


def decoder_inputs(ids: Tensor, chunks: Chunks) -> dict[str, Tensor]:
    """What the decoder takes of the ids of chunks."""
    return {"ids": ids, "previousIds": before(ids, chunks.follows.to(ids.dtype)), "hasPrevious": chunks.follows}


@torch.no_grad()
def export_motion(checkpoint: Path, chunks: Chunks, folder: Path) -> MotionTokenizer:
    """Writes motion-encoder.onnx and motion-decoder.onnx, checked on the chunks; returns the model."""
    model = load_motion(checkpoint)
    inputs, encoder = encoder_inputs(chunks), MotionEncoderGraph(model)
    ids = encoder(*inputs.values())
    export_graph(encoder, [inputs], "ids", folder / "motion-encoder.onnx")
    export_graph(MotionDecoderGraph(model), [decoder_inputs(ids, chunks)], "motion", folder / "motion-decoder.onnx")
    return model


def motion_manifest(folder: Path) -> dict[str, object]:
    """The manifest's `motion`."""
    return {
        "columns": SMALL.columns,
        "rows": SMALL.rows,
        "fieldsPerSecond": 12,
        "fieldsPerChunk": SMALL.fields,
        "normalization": {"type": "linear", "scale": [1, 1]},
        "codebookSize": SMALL.codes,
        "tokensPerChunk": int(np.prod(SMALL.tokens)),
        "stillThreshold": round(STILL[0], 6),
        "luma": {"width": LUMA_COLUMNS, "height": LUMA_ROWS},
        "context": True,
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


@torch.no_grad()
def motion_goldens(model: MotionTokenizer, chunks: Chunks) -> dict[str, object]:
    """What PyTorch makes of the liveliest of the chunks that follow another."""
    at = int((chunks.follows * (chunks.motion.abs() > 0.002).flatten(1).sum(1)).argmax())
    inputs, encoder = encoder_inputs(chunks), MotionEncoderGraph(model)
    ids, vectors = encoder(*inputs.values()), encoder.vectors(*inputs.values())
    decoded = MotionDecoderGraph(model)(*decoder_inputs(ids, chunks).values())

    def motion(name: str) -> dict[str, str]:
        what = "float16 [2, 8, 20, 36], fractions of the picture, base64, little-endian"
        return {"what": what, "data": base64_of(inputs[name][at].numpy().astype(np.float16))}

    def mask(name: str) -> dict[str, str]:
        return {"what": "uint8 [1, 8, 20, 36], base64", "data": base64_of(inputs[name][at].numpy().astype(np.uint8))}

    return {
        "input": motion("motion"),
        "mask": mask("mask"),
        "luma": {"what": "uint8 [9, 40, 72], base64", "data": base64_of((inputs["luma"][at] * 255).round().byte().numpy())},
        "previousInput": motion("previousMotion"),
        "previousMask": mask("previousMask"),
        "previousIds": ids[at - 1].tolist(),
        "ids": ids[at].tolist(),
        "sure": sure_ids(vectors[at], model.quantize.codebook),
        "decoded": {
            "what": "float32 [2, 8, 20, 36], fractions of the picture, base64, little-endian",
            "data": base64_of(decoded[at].numpy().astype(np.float32)),
        },
    }
