"""The small pack's motion tokenizer: what stands around the network of `motion_model.py`."""

import torch
from torch import Tensor, nn

from motion_chunks import Chunks, before
from motion_config import SMALL, MotionConfig
from motion_model import MotionTokenizer
from motion_units import normalize, worth
from quantizer import disturbed


def cells(fitted: Tensor, motion: Tensor, mask: Tensor, luma: Tensor, previous: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    """What the encoder reads of a chunk, [N, 10, 8, 20, 36]: fitted and the codec's motion in units, where the codec has any,
    what motion is worth in the picture; motion and mask of the chunk before it, and whether there is one [N]."""
    previous_motion, previous_mask, has_previous = previous
    flag = has_previous.view(-1, 1, 1, 1, 1)
    history = torch.cat([normalize(previous_motion) * flag, previous_mask * flag, flag.expand_as(mask)], 1)
    return torch.cat([normalize(fitted), normalize(motion), mask, worth(luma), history], 1)


def cells_of(chunks: Chunks) -> Tensor:
    """The encoder's input of a batch in runs."""
    previous = before(chunks.motion, chunks.follows), before(chunks.mask, chunks.follows), chunks.follows
    return cells(chunks.fitted, chunks.motion, chunks.mask, chunks.small_luma, previous)


NOISE_SHARE = 0.3  # of a convolution's weights, beside those that pass the signal on


def pass_on(conv: nn.Conv3d, taps: tuple[slice, slice, slice]) -> None:
    """Lets a convolution take the mean over `taps`, its channels rotated, with some noise: deep stacks of random ones learn slowly."""
    nn.init.normal_(conv.weight, std=NOISE_SHARE * conv.weight[0].numel() ** -0.5)
    nn.init.zeros_(conv.bias)
    rotation = nn.init.orthogonal_(torch.empty(conv.out_channels, conv.in_channels))
    with torch.no_grad():
        window = conv.weight[(slice(None), slice(None), *taps)]
        window += rotation[:, :, None, None, None] / window[0, 0].numel()


def initialized(config: MotionConfig = SMALL) -> MotionTokenizer:
    """A new tokenizer: blocks that do nothing yet, and convolutions that keep the scale of what they see."""
    model = MotionTokenizer(config)
    for layer in model.encoder.down_sample_layers:
        # The stride's own cells: behind the pad in front where there is one.
        starts = (layer.front, 0 if layer.stride[1] == 2 else 1, 0 if layer.stride[2] == 2 else 1)
        pass_on(layer.conv, tuple(slice(start, start + stride) for start, stride in zip(starts, layer.stride)))
    for layer in model.decoder.up_sample_layers:
        pass_on(layer.conv, (slice(layer.front, layer.front + 1), slice(1, 2), slice(1, 2)))
    for block in [*model.encoder.blocks, *model.decoder.blocks]:
        for layer in (block.spatial_attention.proj, block.temporal_attention.proj, block.mlp.fc2):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
    nn.init.normal_(model.decoder.in_proj.weight)
    nn.init.zeros_(model.patch_layer.weight)
    for positions in [model.encoder.pos_embed, model.encoder.temp_pos, *model.decoder.pos_embed, *model.decoder.temp_pos]:
        nn.init.normal_(positions, std=0.02)
    return model


def decoded(model: MotionTokenizer, codes: Tensor, follows: Tensor) -> tuple[Tensor, Tensor]:
    """Units [N, 2, 8, 20, 36] and logit [N, 1, 8, 20, 36] of a batch's codes [N, 45, D] in runs."""
    output = model.fields(model.with_context(codes, before(codes.detach(), follows), follows))
    return output[:, :2], output[:, 2:]


def continuous(model: MotionTokenizer, inputs: Tensor, follows: Tensor, noise: float) -> tuple[Tensor, Tensor, Tensor]:
    """Autoencodes without the codebook: (units, logit, vectors [M, D])."""
    vectors = model.vectors(inputs)
    return *decoded(model, disturbed(vectors, noise), follows), vectors.flatten(0, 1)


def quantized(model: MotionTokenizer, inputs: Tensor, follows: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """(units, logit, vectors [M, D], ids [M], commitment loss)."""
    vectors = model.vectors(inputs)
    codes, ids, distances = model.quantize(vectors.flatten(0, 1))
    return *decoded(model, codes.view_as(vectors), follows), vectors.flatten(0, 1), ids, distances.mean()
