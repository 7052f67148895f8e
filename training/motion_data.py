"""Batches of motion chunks, with the pictures that they move, from the shards that make_motion.py writes."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from motion_fields import FIELDS_PER_CHUNK
from motion_model import moving_cells
from picture_fit import LARGEST, LUMA_COLUMNS, LUMA_ROWS

@dataclass
class Chunks:
    """A batch: motion float32 [N, 2, 8, 20, 36] in fractions, 0 where masked; mask float32 [N, 1, 8, 20, 36]; luma
    float32 [N, 9, 128, 128], [0, 1], of the pictures at the chunk's nine ticks."""

    motion: Tensor
    mask: Tensor
    luma: Tensor

    @property
    def small_luma(self) -> Tensor:
        """The luma as the encoder sees it: float32 [N, 9, 40, 72]."""
        return F.interpolate(self.luma, (LUMA_ROWS, LUMA_COLUMNS), mode="area")


class ChunkSampler:
    """Draws augmented chunks; new shards are taken in by `refresh`."""

    def __init__(self, folder: Path, seed: int, pattern: str = "shard-*[0-9].npz"):
        self.folder, self.pattern = folder, pattern
        self.random = torch.Generator().manual_seed(seed)
        self._seen: set[str] = set()
        self.motion = torch.zeros(0, 2, 8, 20, 36, dtype=torch.float16)
        self.mask = torch.zeros(0, 1, 8, 20, 36, dtype=torch.bool)
        self.pictures: list[Tensor] = []  # uint8 [pictures, 128, 128] of each shard
        self.place = torch.zeros(0, 2, dtype=torch.int64)  # of each chunk: its shard and its first picture
        self.refresh()

    def __len__(self) -> int:
        return len(self.motion)

    def refresh(self) -> None:
        """Reads the shards that have appeared since; wholly still chunks are left out."""
        motion, mask, place = [self.motion], [self.mask], [self.place]
        for path in sorted(self.folder.glob(self.pattern)):
            if path.name in self._seen:
                continue
            self._seen.add(path.name)
            shard = np.load(path)
            shard_motion = torch.from_numpy(shard["motion"]).clamp_(-LARGEST, LARGEST)  # longer ones are search errors of the codec
            shard_mask = torch.from_numpy(shard["mask"]).bool()
            moves = (moving_cells(shard_motion) & shard_mask).flatten(1).any(1)
            first = torch.from_numpy(shard["first"]).long()
            motion.append(shard_motion[moves])
            mask.append(shard_mask[moves])
            place.append(torch.stack([torch.full_like(first, len(self.pictures)), first], 1)[moves])
            self.pictures.append(torch.from_numpy(shard["luma"]))
        self.motion, self.mask, self.place = torch.cat(motion), torch.cat(mask), torch.cat(place)

    def take(self, chosen: Tensor) -> Chunks:
        """The chunks of these indices as they are."""
        motion, mask = self.motion[chosen].float(), self.mask[chosen].float()
        luma = [self.pictures[shard][first : first + FIELDS_PER_CHUNK + 1] for shard, first in self.place[chosen].tolist()]
        return Chunks(motion * mask, mask, torch.stack(luma).float() / 255)

    def batch(self, size: int) -> Chunks:
        """Draws augmented chunks."""
        chunks = self.take(torch.randint(len(self), (size,), generator=self.random))
        self._mirror(chunks)
        self._mask_some(chunks.mask)
        chunks.motion *= chunks.mask
        return chunks

    def _chance(self, size: int, share: float) -> Tensor:
        return torch.rand(size, generator=self.random) < share

    def _mirror(self, chunks: Chunks) -> None:
        """Mirrors in space, the signs follow."""
        x, y = (self._chance(len(chunks.motion), 0.5) for _ in range(2))
        for chosen, axis in ((x, -1), (y, -2)):
            for tensor in (chunks.motion, chunks.mask, chunks.luma):
                tensor[chosen] = tensor[chosen].flip(axis)
        chunks.motion[x, 0] *= -1
        chunks.motion[y, 1] *= -1

    def _mask_some(self, mask: Tensor) -> None:
        """Masks the tails of some chunks (a clip's end) and scattered cells (intra blocks)."""
        size = len(mask)
        lengths = torch.where(self._chance(size, 0.1), torch.randint(1, 8, (size,), generator=self.random), 8)
        mask *= (torch.arange(8) < lengths[:, None]).view(size, 1, 8, 1, 1)
        lost = self._chance(size, 0.3) * torch.rand(size, generator=self.random) * 0.1
        mask *= torch.rand(mask.shape, generator=self.random) >= lost.view(-1, 1, 1, 1, 1)
