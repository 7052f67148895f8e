"""Checks of the motion tokenizer's modules against their plain definitions: python -m pytest training."""

from dataclasses import replace
from itertools import product

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from motion_config import FULL, SMALL, MotionConfig, Stage
from motion_model import MotionTokenizer
from motion_pack import initialized
from spatio_temporal import Attention, Downsample, Upsample

# The reference's pads (left, right, top, bottom, front, back) in front of an unpadded convolution, by stride.
REFERENCE_PADS = {(1, 1, 1): (1, 1, 1, 1, 1, 1), (1, 2, 2): (0, 1, 0, 1, 1, 1), (2, 1, 1): (1, 1, 1, 1, 0, 1), (2, 2, 2): (0, 1, 0, 1, 0, 1)}
CAUSAL_PADS = {(1, 1, 1): (1, 1, 1, 1, 2, 0), (1, 2, 2): (0, 1, 0, 1, 2, 0), (2, 1, 1): (1, 1, 1, 1, 1, 0), (2, 2, 2): (0, 1, 0, 1, 1, 0)}
STRIDES = list(REFERENCE_PADS)


def maps(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def fields_last(x: Tensor) -> Tensor:
    """[N, T, C, H, W] to what a three-dimensional convolution takes, and back."""
    return x.transpose(1, 2)


@pytest.mark.parametrize(("stride", "causal", "steps"), list(product(STRIDES, [False, True], [1, 4])))
def test_downsampling_is_the_padded_strided_convolution(stride: tuple[int, int, int], causal: bool, steps: int) -> None:
    layer = Downsample(3, 5, Stage(0, stride), causal)
    x = maps(2, steps * stride[0], 3, 6, 4)
    pads = (CAUSAL_PADS if causal else REFERENCE_PADS)[stride]
    expected = F.conv3d(F.pad(fields_last(x), pads), layer.conv.weight, layer.conv.bias, stride)
    assert torch.allclose(layer(x), fields_last(expected), atol=1e-5)


@pytest.mark.parametrize(("stride", "causal", "fields"), list(product(STRIDES, [False, True], [1, 4])))
def test_upsampling_is_a_convolution_behind_nearest_neighbours(stride: tuple[int, int, int], causal: bool, fields: int) -> None:
    layer = Upsample(3, 5, Stage(0, stride), causal)
    x = maps(2, fields, 3, 5, 6)
    near = F.interpolate(fields_last(x), scale_factor=[float(scale) for scale in stride], mode="nearest")
    front, back = (2, 0) if causal else (1, 1)
    expected = fields_last(F.conv3d(F.pad(near, (1, 1, 1, 1, front, back)), layer.conv.weight, layer.conv.bias))
    assert torch.allclose(layer(x), expected, atol=1e-5)
    assert torch.allclose(layer.collapsed(fields)(x), expected, atol=1e-5)


def test_attention_is_softmax_of_scaled_products_without_a_bias_of_keys() -> None:
    layer = Attention(8, 4)
    torch.nn.init.normal_(layer.q_bias)
    torch.nn.init.normal_(layer.v_bias)
    x = maps(2, 5, 8)
    q, k, v = (layer.qkv(x) + torch.cat([layer.q_bias, torch.zeros(8), layer.v_bias])).chunk(3, 2)
    heads = [
        (q[..., at : at + 4] @ k[..., at : at + 4].transpose(1, 2) / 2).softmax(2) @ v[..., at : at + 4] for at in (0, 4)
    ]
    assert torch.allclose(layer(x), layer.proj(torch.cat(heads, 2)), atol=1e-5)


def narrow(causal: bool) -> MotionConfig:
    """The paper's form, 24 fields and all twelve blocks, with little in it: 4 x 8 cells, 6 tokens."""
    return replace(FULL, rows=4, columns=8, widths=(16,) * 5, head_width=8, causal=causal, code_dim=4)


def woken(config: MotionConfig) -> MotionTokenizer:
    """A tokenizer whose every parameter says something."""
    torch.manual_seed(3)
    model = MotionTokenizer(config)
    for parameter in model.parameters():
        if parameter.dim() < 2 or not parameter.any():
            torch.nn.init.normal_(parameter, std=0.3)
    return model.eval()


def test_twenty_four_fields_become_135_tokens_and_twenty_four_fields() -> None:
    with torch.device("meta"):
        model = MotionTokenizer(FULL)
    vectors = model.vectors(torch.zeros(2, 2, 24, 20, 36, device="meta"))
    assert vectors.shape == (2, 135, 32)
    assert model.fields(vectors).shape == (2, 2, 24, 20, 36)


@torch.no_grad()
def test_vectors_are_of_unit_length() -> None:
    vectors = woken(narrow(causal=False)).vectors(maps(2, 2, 24, 4, 8))
    assert torch.allclose(vectors.norm(dim=2), torch.ones(2, 6), atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("causal", [True, False])
def test_only_the_causal_form_settles_its_first_tokens_while_fields_still_arrive(causal: bool) -> None:
    model = woken(narrow(causal))
    fields = maps(1, 2, 24, 4, 8)
    changed = torch.cat([fields[:, :, :8], maps(1, 2, 16, 4, 8, seed=2)], 2)
    same = torch.allclose(model.vectors(fields)[:, :2], model.vectors(changed)[:, :2], atol=1e-5)
    assert same == causal
    # What has arrived alone gives the same tokens: positions are counted from the clip's start.
    assert torch.allclose(model.vectors(fields)[:, :2], model.vectors(fields[:, :, :8]), atol=1e-5) == causal


@torch.no_grad()
@pytest.mark.parametrize("causal", [True, False])
def test_only_the_causal_form_decodes_fields_without_the_tokens_after_them(causal: bool) -> None:
    model = woken(narrow(causal))
    codes = maps(1, 6, 4)
    changed = torch.cat([codes[:, :2], maps(1, 4, 4, seed=2)], 1)
    same = torch.allclose(model.fields(codes)[:, :, :8], model.fields(changed)[:, :, :8], atol=1e-5)
    assert same == causal


def test_both_forms_take_the_same_weights() -> None:
    MotionTokenizer(narrow(causal=True)).load_state_dict(MotionTokenizer(narrow(causal=False)).state_dict())


@torch.no_grad()
def test_the_small_form_makes_45_tokens_of_8_fields_and_reads_the_chunk_before_where_there_is_one() -> None:
    model = woken(SMALL)
    codes, previous = maps(2, 45, SMALL.code_dim), maps(2, 45, SMALL.code_dim, seed=2)
    assert model.vectors(maps(2, SMALL.inputs, 8, 20, 36)).shape == (2, 45, SMALL.code_dim)
    follows, begins = torch.ones(2), torch.zeros(2)
    alone = model.fields(model.with_context(codes, previous, begins))
    assert alone.shape == (2, 3, 8, 20, 36)
    assert torch.equal(alone, model.fields(model.with_context(codes, torch.zeros_like(previous), begins)))
    assert not torch.allclose(alone, model.fields(model.with_context(codes, previous, follows)), atol=1e-3)


@torch.no_grad()
def test_blocks_do_nothing_at_first() -> None:
    model = initialized(replace(SMALL, widths=(32,) * 6, stages=tuple(replace(stage, blocks=1) for stage in SMALL.stages)))
    for block in model.encoder.blocks:
        width = block.norm0.weight.shape[0]
        x = maps(1, 2, 6, width)
        assert torch.equal(block(x), x)
