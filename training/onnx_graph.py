"""Graphs of a pack: written from PyTorch modules, stored in half precision, compared with PyTorch."""

import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

OPSET = 17
SURE_GAP = 1e-3  # between the nearness of the best two codes


class NearestCode(nn.Module):
    """Vectors [N, D, h, w] to ids int32 [N, h * w], row-major: argmax(2 v.e - |e|^2)."""

    def __init__(self, codebook: Tensor):
        super().__init__()
        self.register_buffer("twice", 2 * codebook.T.contiguous())
        self.register_buffer("squares", codebook.square().sum(1))

    def forward(self, vectors: Tensor) -> Tensor:
        flat = vectors.flatten(2).transpose(1, 2)
        return (flat @ self.twice - self.squares).argmax(2).to(torch.int32)


def sure_ids(vectors: Tensor, codebook: Tensor) -> str:
    """A 1 for each of the vectors [P, D] whose id is the same on every runtime, else a 0."""
    best = (2 * vectors @ codebook.T - codebook.square().sum(1)).topk(2, dim=1).values
    return "".join(str(int(gap > SURE_GAP)) for gap in best[:, 0] - best[:, 1])


def half_precision(model: nn.Module) -> nn.Module:
    """Rounds the networks' weights (not the codebooks, which no gradient learns) to what half precision can hold."""
    for parameter in model.parameters():
        if parameter.requires_grad:
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


def session(path: Path) -> onnxruntime.InferenceSession:
    """A session on one CPU thread, as the server opens it."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def export_graph(
    module: nn.Module, examples: list[dict[str, Tensor]], output: str, path: Path, open_dims: dict[str, list[str]] | None = None
) -> None:
    """Writes one graph and checks it against PyTorch on the examples, whose inputs are in the module's order.

    Only the batch is dynamic, or, where they are told, the leading dimensions of the tensors in `open_dims`."""
    names = list(examples[0])
    dims = open_dims or {name: ["N"] for name in [*names, output]}
    arguments = tuple(examples[0].values())
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / path.name
        torch.onnx.export(
            module.eval(),
            arguments,
            str(raw),
            input_names=names,
            output_names=[output],
            dynamic_axes={name: dict(enumerate(symbols)) for name, symbols in dims.items()},
            opset_version=OPSET,
            dynamo=False,
        )
        graph = onnx.load(raw)
    fix_output_shape(graph, module, arguments, dims[output])
    store_half(graph)
    onnx.checker.check_model(graph, full_check=True)
    onnx.save(graph, path)
    for example in examples:
        check_parity(module, example, path, [name for name, symbols in dims.items() if symbols[:1] == ["N"]])


def fix_output_shape(graph: onnx.ModelProto, module: nn.Module, inputs: tuple[Tensor, ...], symbols: list[str]) -> None:
    """States the output's shape: the tracer leaves symbols of its own where it could not follow."""
    with torch.no_grad():
        sizes: list[int | str] = [*symbols, *module(*inputs).shape[len(symbols) :]]
    for dim, size in zip(graph.graph.output[0].type.tensor_type.shape.dim, sizes, strict=True):
        dim.Clear()
        if isinstance(size, str):
            dim.dim_param = size
        else:
            dim.dim_value = size


def check_parity(module: nn.Module, inputs: dict[str, Tensor], path: Path, batched: list[str]) -> None:
    """Compares the graph with PyTorch: ids may differ in 0.2 %, values by 1e-3; and times it on the first of the batch."""
    runtime = session(path)
    # The exporter names inputs as it is told, and drops those that nothing reads.
    feeds = {item.name: inputs[item.name].numpy() for item in runtime.get_inputs()}
    actual = runtime.run(None, feeds)[0]
    cost = processor_ms(runtime, {name: array[:1] if name in batched else array for name, array in feeds.items()})
    with torch.no_grad():
        expected = module(*inputs.values()).numpy()
    assert actual.dtype == expected.dtype and actual.shape == expected.shape, (actual.dtype, actual.shape)
    of = f"{path.name}, {'x'.join(map(str, actual.shape[1:]))}, {path.stat().st_size / 1e6:.1f} MB, {cost:.1f} ms"
    if actual.dtype == np.int32:
        different = float((actual != expected).mean())
        assert different <= 0.002, f"{of}: {different:.2%} of the ids differ"
        print(f"{of}: {different:.3%} of the ids differ from PyTorch")
    else:
        # A gate within rounding of its threshold may open on one side only.
        far = float((np.abs(actual - expected) > 1e-3).mean())
        assert far <= 1e-4, f"{of}: {far:.2%} of the values differ"
        print(f"{of}: {far:.3%} of the values differ from PyTorch")


def processor_ms(runtime: onnxruntime.InferenceSession, feeds: dict[str, np.ndarray], rounds: int = 15) -> float:
    """Processor time of one run on the session's one thread, the median of `rounds`."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        runtime.run(None, feeds)
        times.append((time.process_time() - start) * 1000)
    return sorted(times)[rounds // 2]
