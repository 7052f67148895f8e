"""Exports trained checkpoints as a pack: four ONNX graphs, the manifest and the golden tensors."""

import argparse
import base64
import hashlib
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

import motion_model
import visual_model
from motion_data import ChunkSampler
from motion_model import MotionTokenizer, denormalize, gated
from picture_fit import LUMA_COLUMNS, LUMA_ROWS
from visual_model import VisualTokenizer

OPSET = 17
GRAPHS = {
    "visual-encoder": (["pixels"], "ids"),
    "visual-decoder": (["ids"], "pixels"),
    "motion-encoder": (["motion", "mask", "luma"], "ids"),
    "motion-decoder": (["ids"], "motion"),
}


class NearestCode(nn.Module):
    """Vectors [N, D, h, w] to ids int32 [N, h * w], row-major: argmax(2 v.e - |e|^2)."""

    def __init__(self, codebook: Tensor):
        super().__init__()
        self.register_buffer("twice", 2 * codebook.T.contiguous())
        self.register_buffer("squares", codebook.square().sum(1))

    def forward(self, vectors: Tensor) -> Tensor:
        flat = vectors.flatten(2).transpose(1, 2)
        return (flat @ self.twice - self.squares).argmax(2).to(torch.int32)


class CodeLookup(nn.Module):
    """Ids int32 [N, rows * columns] to codes [N, D, rows, columns]."""

    def __init__(self, codebook: Tensor, rows: int, columns: int):
        super().__init__()
        self.register_buffer("codebook", codebook.clone())
        self.rows, self.columns = rows, columns

    def forward(self, ids: Tensor) -> Tensor:
        codes = torch.nn.functional.embedding(ids.long(), self.codebook)
        return codes.transpose(1, 2).unflatten(2, (self.rows, self.columns))


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


def half_precision(model: nn.Module) -> nn.Module:
    """Rounds the networks' weights (not the codebook) to what half precision can hold."""
    for parameter in model.parameters():
        parameter.data = parameter.data.half().float()
    return model


def store_half(graph: onnx.ModelProto) -> None:
    """Stores large weights that survive it as float16 with a cast beside them; all computing stays float32.

    onnxruntime folds the casts when it loads the graph, so this only halves the file."""
    casts = []
    for tensor in graph.graph.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < 1024 or (values.astype(np.float16) != values).any():
            continue
        name = tensor.name
        tensor.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        casts.append(onnx.helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *graph.graph.node]
    del graph.graph.node[:]
    graph.graph.node.extend(nodes)


def load_visual(path: Path) -> VisualTokenizer:
    """The averaged weights of a checkpoint of train_visual.py."""
    model = VisualTokenizer()
    model.load_state_dict(torch.load(path, map_location="cpu")["averaged"])
    return half_precision(model.eval().to(memory_format=torch.contiguous_format))


def load_motion(path: Path) -> MotionTokenizer:
    """The averaged weights of a checkpoint of train_motion.py."""
    model = MotionTokenizer()
    model.load_state_dict(torch.load(path, map_location="cpu")["averaged"])
    return half_precision(model.eval())


def session(path: Path) -> onnxruntime.InferenceSession:
    """A session on one CPU thread, as the server opens it."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def export_graph(module: nn.Module, inputs: tuple[Tensor, ...], path: Path) -> None:
    """Writes one graph, only the batch dynamic, and checks it against PyTorch."""
    input_names, output_name = GRAPHS[path.stem]
    names = [*input_names, output_name]
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / path.name
        torch.onnx.export(
            module.eval(),
            inputs,
            str(raw),
            input_names=input_names,
            output_names=[output_name],
            dynamic_axes={name: {0: "N"} for name in names},
            opset_version=OPSET,
            dynamo=False,
        )
        graph = onnx.load(raw)
    fix_output_shape(graph, module, inputs)
    store_half(graph)
    onnx.checker.check_model(graph, full_check=True)
    onnx.save(graph, path)
    check_parity(module, inputs, path)


def fix_output_shape(graph: onnx.ModelProto, module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
    """States the output's shape: the tracer leaves symbols where it could not follow."""
    with torch.no_grad():
        shape = module(*inputs).shape
    for dim, size in list(zip(graph.graph.output[0].type.tensor_type.shape.dim, shape, strict=True))[1:]:
        dim.ClearField("dim_param")
        dim.dim_value = size


def check_parity(module: nn.Module, inputs: tuple[Tensor, ...], path: Path) -> None:
    """Compares the graph with PyTorch: ids may differ in 0.2 %, values by 1e-3."""
    runtime = session(path)
    feeds = {item.name: tensor.numpy() for item, tensor in zip(runtime.get_inputs(), inputs, strict=True)}
    actual = runtime.run(None, feeds)[0]
    cost = processor_ms(runtime, {name: array[:1] for name, array in feeds.items()})
    with torch.no_grad():
        expected = module(*inputs).numpy()
    assert actual.dtype == expected.dtype and actual.shape == expected.shape, (actual.dtype, actual.shape)
    if actual.dtype == np.int32:
        different = float((actual != expected).mean())
        assert different <= 0.002, f"{path.name}: {different:.2%} of the ids differ"
        print(f"{path.name}: {different:.3%} of the ids differ from PyTorch, {path.stat().st_size / 1e6:.1f} MB, {cost:.1f} ms")
    else:
        # A gate within rounding of its threshold may open on one side only.
        far = float((np.abs(actual - expected) > 1e-3).mean())
        assert far <= 1e-4, f"{path.name}: {far:.2%} of the values differ"
        print(f"{path.name}: {far:.3%} of the values differ from PyTorch, {path.stat().st_size / 1e6:.1f} MB, {cost:.1f} ms")


def processor_ms(runtime: onnxruntime.InferenceSession, feeds: dict[str, np.ndarray], rounds: int = 15) -> float:
    """Processor time of one run on the session's one thread, the median of `rounds`."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        runtime.run(None, feeds)
        times.append((time.process_time() - start) * 1000)
    return sorted(times)[rounds // 2]


def file_entry(folder: Path, name: str) -> dict[str, str]:
    return {"file": name, "sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest()}


def manifest(folder: Path, card: dict[str, object]) -> dict[str, object]:
    """The pack's manifest; `card` holds version, description and provenance."""
    visual_ids, motion_ids, text = visual_model.CODES, motion_model.CODES, 32000
    motion_start = text + 2 + visual_ids
    return {
        "format": 1,
        "name": "kino-mini",
        "version": card["version"],
        "licence": "Apache-2.0",
        "description": card["description"],
        "provenance": card["provenance"],
        "visual": {
            "width": 256,
            "height": 256,
            "normalization": {"mean": list(visual_model.MEAN), "std": list(visual_model.STD)},
            "columns": 16,
            "rows": 16,
            "codebookSize": visual_ids,
            "dynamic": False,
            "encoder": file_entry(folder, "visual-encoder.onnx"),
        },
        "clip": {"minDurationMs": 500, "maxDurationMs": 4000},
        "motion": {
            "columns": 36,
            "rows": 20,
            "fieldsPerSecond": 12,
            "fieldsPerChunk": 8,
            "normalization": {"type": "linear", "scale": [1, 1]},
            "codebookSize": motion_ids,
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
        },
        "detokenizers": {
            "warp": {
                "visualDecoder": file_entry(folder, "visual-decoder.onnx"),
                "motionDecoder": file_entry(folder, "motion-decoder.onnx"),
            }
        },
        "llm": {
            "text": text,
            "imageStart": text,
            "imageEnd": text + 1,
            "visualOffset": text + 2,
            "motionStart": motion_start,
            "motionEnd": motion_start + 1,
            "motionOffset": motion_start + 2,
        },
    }


def run_graph(folder: Path, name: str, *arrays: np.ndarray) -> np.ndarray:
    runtime = session(folder / f"{name}.onnx")
    return runtime.run(None, {item.name: array for item, array in zip(runtime.get_inputs(), arrays, strict=True)})[0]


def base64_of(array: np.ndarray) -> str:
    """Little-endian bytes of the array, base64."""
    return base64.b64encode(array.astype(array.dtype.newbyteorder("<")).tobytes()).decode()


def goldens(folder: Path, picture: np.ndarray, chunk: dict[str, np.ndarray]) -> dict[str, object]:
    """Inputs and what the graphs make of them: picture uint8 [256, 256, 3]; the chunk's motion float16 fractions
    [2, 8, 20, 36], mask uint8 [1, 8, 20, 36] and luma uint8 [9, 40, 72]."""
    mean, std = (np.array(values, np.float32) for values in (visual_model.MEAN, visual_model.STD))
    pixels = ((picture.astype(np.float32) / 255 - mean) / std).transpose(2, 0, 1)[None]
    visual_ids = run_graph(folder, "visual-encoder", np.ascontiguousarray(pixels))
    decoded = run_graph(folder, "visual-decoder", visual_ids)

    motion, mask, luma = chunk["motion"], chunk["mask"], chunk["luma"]
    vectors = (motion * mask).astype(np.float32)[None]
    motion_ids = run_graph(folder, "motion-encoder", vectors, mask[None].astype(np.float32), luma[None].astype(np.float32) / 255)
    decoded_motion = run_graph(folder, "motion-decoder", motion_ids)
    return {
        "visual": {
            "input": {"file": "golden-picture.png", "what": "RGB, 256 x 256"},
            "ids": visual_ids[0].tolist(),
            "decoded": {
                "what": "uint8 [3, 16, 16], round(255 * pixels) at rows and columns 8, 24, ..., base64",
                "data": base64_of(np.round(decoded[0, :, 8::16, 8::16] * 255).astype(np.uint8)),
            },
        },
        "motion": {
            "input": {
                "what": "float16 [2, 8, 20, 36], fractions of the picture, base64, little-endian",
                "data": base64_of(motion.astype(np.float16)),
            },
            "mask": {"what": "uint8 [1, 8, 20, 36], base64", "data": base64_of(mask.astype(np.uint8))},
            "luma": {"what": "uint8 [9, 40, 72], base64", "data": base64_of(luma)},
            "ids": motion_ids[0].tolist(),
            "decoded": {
                "what": "float32 [2, 8, 20, 36], fractions of the picture, base64, little-endian",
                "data": base64_of(decoded_motion[0].astype(np.float32)),
            },
        },
    }


def main() -> None:
    from PIL import Image

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoints", type=Path, required=True, help="folder with visual.pt and motion.pt")
    parser.add_argument("--card", type=Path, default=Path(__file__).parent / "pack-card.json", help="version, description, provenance")
    parser.add_argument("--golden-photograph", type=Path, required=True, help="a held-out photograph")
    parser.add_argument("--golden-shard", type=Path, required=True, help="a held-out shard of make_motion.py")
    parser.add_argument("--out", type=Path, required=True, help="folder of the pack")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    picture = Image.open(options.golden_photograph).convert("RGB").resize((256, 256), Image.BOX)
    pixels = torch.from_numpy(np.asarray(picture).copy()).permute(2, 0, 1)[None].float() / 255
    chunks = ChunkSampler(options.golden_shard.parent, 0, options.golden_shard.name).take(torch.arange(4))
    visual, moving = load_visual(options.checkpoints / "visual.pt"), load_motion(options.checkpoints / "motion.pt")
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (visual_model.MEAN, visual_model.STD))
    normalized = (pixels - mean) / std
    luma = (chunks.small_luma * 255).round() / 255
    moved = chunks.motion, chunks.mask, luma
    with torch.no_grad():
        visual_ids = VisualEncoderGraph(visual)(normalized)
        motion_ids = MotionEncoderGraph(moving)(*moved)
    export_graph(VisualEncoderGraph(visual), (normalized,), options.out / "visual-encoder.onnx")
    export_graph(VisualDecoderGraph(visual), (visual_ids,), options.out / "visual-decoder.onnx")
    export_graph(MotionEncoderGraph(moving), moved, options.out / "motion-encoder.onnx")
    export_graph(MotionDecoderGraph(moving), (motion_ids,), options.out / "motion-decoder.onnx")

    card = json.loads(options.card.read_text())
    (options.out / "pack.json").write_text(json.dumps(manifest(options.out, card), indent=2) + "\n")
    picture.save(options.out / "golden-picture.png", optimize=True)
    liveliest = int((chunks.motion.abs() > 0.002).flatten(1).sum(1).argmax())
    chunk = {
        "motion": chunks.motion[liveliest].half().numpy(),
        "mask": chunks.mask[liveliest].byte().numpy(),
        "luma": (luma[liveliest] * 255).byte().numpy(),
    }
    golden = goldens(options.out, np.asarray(picture), chunk)
    (options.out / "goldens.json").write_text(json.dumps(golden) + "\n")
    print(f"{sum(path.stat().st_size for path in options.out.iterdir()) / 1e6:.1f} MB in {options.out}")


if __name__ == "__main__":
    main()
