"""Chunks of motion fields with their pictures, and what can be made of them."""

from dataclasses import dataclass, fields
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor

from motion_fields import COLUMNS, FIELDS_PER_CHUNK, ROWS
from picture_fit import LARGEST, LUMA_COLUMNS, LUMA_ROWS, PictureFit, moved, places, sample

WHOLLY_KNOWN = 0.99  # of a sample of four cells of a mask


def small(luma: Tensor) -> Tensor:
    """The luma [N, 9, s, s] as the encoder sees it: float32 [N, 9, 40, 72]."""
    return F.interpolate(luma, (LUMA_ROWS, LUMA_COLUMNS), mode="area")


@dataclass
class Chunks:
    """A batch of chunks, each where it can be behind the one before it in its clip.

    motion float32 [N, 2, 8, 20, 36] of the codec in fractions, 0 where masked; mask float32 [N, 1, 8, 20, 36]; fitted
    float32 like motion; luma float32 [N, 9, 128, 128], [0, 1], of the pictures at the chunk's nine ticks; follows
    float32 [N], 1 where the chunk before it in the batch is the one before it in its clip."""

    motion: Tensor
    mask: Tensor
    fitted: Tensor
    luma: Tensor
    follows: Tensor

    @cached_property
    def small_luma(self) -> Tensor:
        """The luma as the encoder sees it: float32 [N, 9, 40, 72]."""
        return small(self.luma)

    def to(self, device: torch.device) -> "Chunks":
        return Chunks(*(getattr(self, field.name).to(device) for field in fields(self)))


def before(values: Tensor, follows: Tensor) -> Tensor:
    """Each chunk's values' predecessor in the batch, zero where it follows none."""
    shifted = torch.cat([torch.zeros_like(values[:1]), values[:-1]])
    return shifted * follows.view(-1, *[1] * (values.dim() - 1))


def joined(parts: list[Chunks]) -> Chunks:
    """The chunks of several batches in one."""
    return Chunks(*(torch.cat([getattr(part, field.name) for part in parts]) for field in fields(Chunks)))


def in_sequence(chunked: Tensor) -> Tensor:
    """The fields [N, C, 8, ...] of chunks one after the other: [8 N, C, ...]."""
    return chunked.transpose(1, 2).flatten(0, 1)


def in_chunks(sequence: Tensor) -> Tensor:
    """The inverse of `in_sequence`."""
    return sequence.unflatten(0, (-1, FIELDS_PER_CHUNK)).transpose(1, 2)


@torch.no_grad()
def hurried(chunks: Chunks, fit: PictureFit) -> Chunks:
    """A run of an even number of chunks at double speed, half as many: of two fields one that says where each cell was two
    ticks before, valid where both are; of the pictures every second; fitted anew."""
    earlier, later = (in_sequence(chunks.motion)[start::2] for start in (0, 1))
    mask_earlier, mask_later = (in_sequence(chunks.mask)[start::2] for start in (0, 1))
    came_from = moved(places(ROWS, COLUMNS), later)
    over_both = (later + sample(earlier, came_from)).clamp(-LARGEST, LARGEST)
    known = mask_later * (sample(mask_earlier, came_from) > WHOLLY_KNOWN)
    motion, mask = in_chunks(over_both * known), in_chunks(known)
    luma = torch.cat([chunks.luma[0::2, 0::2], chunks.luma[1::2, 2::2]], 1)
    return Chunks(motion, mask, fit(motion, mask, small(luma)), luma, chunks.follows[0::2])
