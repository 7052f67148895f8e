"""Scaling in front of and behind the keyframe tokenizer, and its graphs; on weights that nobody trained."""

from pathlib import Path

import onnx
import pytest
import torch
import torch.nn.functional as F

from dynamic_visual import DynamicKeyframes
from export_visual import VisualDecoderGraph, VisualEncoderGraph, matrices, square
from onnx_graph import export_graph, session
from resampling import resampled, resampling
from train_visual import weights_of_dynamic
from visual_model import CELL_PX, CODES, FRAME_PX, GRID, LADDER, GridTokenizer


def pictures(side: int, count: int = 1) -> torch.Tensor:
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(side))


def smooth(side: int) -> torch.Tensor:
    """A picture that loses little by scaling."""
    return F.interpolate(pictures(8), side, mode="bicubic", antialias=True)


@pytest.mark.parametrize("side", [96, 128, 192])
def test_scaling_is_bicubic_with_antialiasing(side: int) -> None:
    picture = pictures(FRAME_PX)
    expected = F.interpolate(picture, side, mode="bicubic", antialias=True)
    assert torch.allclose(resampled(picture, side), expected, atol=2e-3)


def test_scaling_up_and_down_again_gives_the_picture_back() -> None:
    assert (resampled(resampled(smooth(192), FRAME_PX), 192) - smooth(192)).abs().max() < 0.02


def test_scaling_to_the_same_size_changes_nothing() -> None:
    same = resampling(torch.tensor(16), torch.tensor(16))
    assert torch.equal(same, torch.eye(16))


@torch.no_grad()
def test_a_run_can_begin_with_a_dynamic_one(tmp_path: Path) -> None:
    dynamic = DynamicKeyframes()
    torch.save({"averaged": dynamic.state_dict()}, tmp_path / "visual.pt")
    model = GridTokenizer()
    model.load_state_dict(weights_of_dynamic(tmp_path / "visual.pt"))
    codes = model.quantize.codebook[:256].view(1, GRID, GRID, -1)
    every = torch.ones(1, 256)
    assert torch.allclose(model.pixels(codes), dynamic.pixels(codes.flatten(1, 2), every, GRID), atol=1e-5)
    assert torch.equal(model.quantize.codebook, dynamic.tokenizer.quantize.codebook)


def test_a_grid_may_have_other_rows_than_columns() -> None:
    down, across = matrices(torch.tensor([8, 12], dtype=torch.int32), to_grid=True)
    assert (down @ pictures(FRAME_PX) @ across).shape == (1, 3, 8 * CELL_PX, 12 * CELL_PX)


def test_every_size_of_the_ladder_has_a_token_for_each_position() -> None:
    model = GridTokenizer().eval()
    for side in LADDER:
        output, vectors, ids, _ = model(pictures(FRAME_PX), side)
        assert output.shape == (1, 3, FRAME_PX, FRAME_PX)
        assert vectors.shape == (side**2, 16) and ids.shape == (side**2,)
        assert torch.allclose(vectors.norm(dim=1), torch.ones(side**2), atol=1e-5)
    assert LADDER[-1] == GRID and list(LADDER) == sorted(LADDER)


@torch.no_grad()
def test_one_graph_serves_the_whole_ladder(tmp_path: Path) -> None:
    model, path = GridTokenizer().eval(), tmp_path / "encoder.onnx"
    encoder = VisualEncoderGraph(model)
    example = {"pixels": pictures(FRAME_PX), "grid": square(8)}
    export_graph(encoder, [example], "ids", path, {"pixels": ["N"], "ids": ["N", "P"]})
    runtime = session(path)
    for side in LADDER:
        pixels = pictures(FRAME_PX, 2)
        ids = runtime.run(None, {"pixels": pixels.numpy(), "grid": square(side).numpy()})[0]
        assert ids.shape == (2, side**2)
        assert (torch.from_numpy(ids) == encoder(pixels, square(side))).float().mean() > 0.998


@torch.no_grad()
def test_the_decoder_gives_pictures_of_one_size(tmp_path: Path) -> None:
    model, path = GridTokenizer().eval(), tmp_path / "decoder.onnx"
    decoder, draw = VisualDecoderGraph(model), torch.Generator().manual_seed(1)
    examples = [
        {"ids": torch.randint(CODES, (2, side**2), generator=draw, dtype=torch.int32), "grid": square(side)} for side in (16, 6)
    ]
    export_graph(decoder, examples, "pixels", path, {"ids": ["N", "P"], "pixels": ["N"]})
    shape = [dim.dim_value or dim.dim_param for dim in onnx.load(path).graph.output[0].type.tensor_type.shape.dim]
    assert shape == ["N", 3, FRAME_PX, FRAME_PX]
