"""Every parameter of Video-LaVIT's `motion_tokenizer.bin` and `tokenizer_encoder.bin` by name and shape, on the meta device.

The lists are written from the checkpoints' own rules, not from the modules. Run: python -m pytest training."""

import torch
from torch import nn

from dynamic_tokenizer import FULL as VISUAL_FULL
from dynamic_tokenizer import DynamicTokenizer
from motion_config import FULL, FULL_CAUSAL
from motion_model import MotionTokenizer

Shapes = dict[str, tuple[int, ...]]


def linear(name: str, width_in: int, width_out: int) -> Shapes:
    return {f"{name}.weight": (width_out, width_in), f"{name}.bias": (width_out,)}


def norm(name: str, width: int) -> Shapes:
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}


def task_layer(name: str, width: int, out: int) -> Shapes:
    return linear(f"{name}.0", width, width) | linear(f"{name}.2", width, out)


def motion_block(name: str) -> Shapes:
    shapes: Shapes = {}
    for index in range(3):
        shapes |= norm(f"{name}.norm{index}", 512)
    for attention in ("spatial_attention", "temporal_attention"):
        shapes |= {f"{name}.{attention}.{bias}": (512,) for bias in ("q_bias", "v_bias")}
        shapes |= {f"{name}.{attention}.qkv.weight": (3 * 512, 512)}
        shapes |= linear(f"{name}.{attention}.proj", 512, 512)
    return shapes | linear(f"{name}.mlp.fc1", 512, 2048) | linear(f"{name}.mlp.fc2", 2048, 512)


def motion_half(name: str, width_in: int, sampling: str) -> Shapes:
    shapes = linear(f"{name}.in_proj", width_in, 512) | norm(f"{name}.norm", 512)
    for index in range(12):
        shapes |= motion_block(f"{name}.blocks.{index}")
    for index in range(4):
        convolution = f"{name}.{sampling}.{index}.conv"
        shapes |= {f"{convolution}.weight": (512, 512, 3, 3, 3), f"{convolution}.bias": (512,)}
    return shapes


def motion_tokenizer() -> Shapes:
    positions = {"encoder.pos_embed": (1, 36 * 20, 512), "encoder.temp_pos": (1, 24, 512)}
    halves = motion_half("encoder", 2, "down_sample_layers") | motion_half("decoder", 32, "up_sample_layers")
    tasks = task_layer("encode_task_layer", 512, 32) | task_layer("decode_task_layer", 512, 2)
    return positions | halves | tasks | {"quantize.embedding.weight": (1024, 32)}


def merger_block(name: str) -> Shapes:
    shapes: Shapes = {}
    for index in range(3):
        shapes |= norm(f"{name}.norm{index}", 1408)
    shapes |= linear(f"{name}.token_causal_attn.qkv", 1408, 3 * 1408) | linear(f"{name}.token_causal_attn.proj", 1408, 1408)
    for part in ("query", "key", "value", "proj"):
        shapes |= linear(f"{name}.token_cross_attn.{part}", 1408, 1408)
    return shapes | linear(f"{name}.mlp.fc1", 1408, 6144) | linear(f"{name}.mlp.fc2", 6144, 1408)


def tokenizer_encoder() -> Shapes:
    shapes = norm("token_predictor.in_conv.0", 1408) | linear("token_predictor.in_conv.1", 1408, 1408)
    for index, (width_in, width_out) in {0: (1408, 704), 2: (704, 352), 4: (352, 2)}.items():
        shapes |= linear(f"token_predictor.out_conv.{index}", width_in, width_out)
    shapes |= norm("causal_encoder.ln_vision", 1408) | norm("causal_encoder.norm", 1408)
    for index in range(12):
        shapes |= merger_block(f"causal_encoder.blocks.{index}")
    return shapes | task_layer("encode_task_layer", 1408, 32) | {"quantize.embedding.weight": (16384, 32)}


def shapes_of(model: nn.Module) -> Shapes:
    return {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}


def count(shapes: Shapes) -> int:
    return sum(torch.Size(shape).numel() for shape in shapes.values())


def test_the_motion_tokenizer_has_the_official_names_and_shapes() -> None:
    with torch.device("meta"):
        model = MotionTokenizer(FULL)
    assert shapes_of(model) == motion_tokenizer()
    assert count(shapes_of(model)) == 158_476_322


def test_its_causal_form_has_the_same_weights() -> None:
    with torch.device("meta"):
        model = MotionTokenizer(FULL_CAUSAL)
    assert shapes_of(model) == motion_tokenizer()


def test_the_keyframe_tokenizer_has_the_official_names_and_shapes() -> None:
    with torch.device("meta"):
        model = DynamicTokenizer(VISUAL_FULL)
    assert shapes_of(model) == tokenizer_encoder()
    assert count(shapes_of(model)) == 404_048_130
