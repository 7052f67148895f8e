"""Batches of motion chunks, with the pictures that they move, from the shards that make_motion.py writes."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from motion_fields import FIELDS_PER_CHUNK
from motion_units import in_px, moving_cells
from picture_fit import LARGEST, LUMA_COLUMNS, LUMA_ROWS, PictureFit

PICTURE_PX = 128  # that the warped pictures are compared at
FIT_BATCH = 32
# How often a run is drawn: a share for all, the rest by its mean motion up to this many px.
EVEN_SHARE, LIVELY_PX = 0.3, 1.0


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
        return F.interpolate(self.luma, (LUMA_ROWS, LUMA_COLUMNS), mode="area")

    def to(self, device: torch.device) -> "Chunks":
        return Chunks(*(getattr(self, field.name).to(device) for field in fields(self)))


def before(values: Tensor, follows: Tensor) -> Tensor:
    """Each chunk's values' predecessor in the batch, zero where it follows none."""
    shifted = torch.cat([torch.zeros_like(values[:1]), values[:-1]])
    return shifted * follows.view(-1, *[1] * (values.dim() - 1))


def halved(luma: Tensor) -> Tensor:
    """uint8 [pictures, s, s] at 128 x 128."""
    if luma.shape[-1] == PICTURE_PX:
        return luma
    return torch.cat([F.interpolate(part[None].float(), (PICTURE_PX, PICTURE_PX), mode="area")[0].round().byte() for part in luma.split(64)])


@torch.no_grad()
def fits(motion: Tensor, mask: Tensor, luma: Tensor, first: Tensor) -> Tensor:
    """The fitted motion of a shard's chunks: float16 like motion."""
    fit, parts = PictureFit(), []
    span = torch.arange(FIELDS_PER_CHUNK + 1)
    for chosen in torch.arange(len(motion)).split(FIT_BATCH):
        pictures = luma[first[chosen, None] + span].float() / 255
        small = F.interpolate(pictures, (LUMA_ROWS, LUMA_COLUMNS), mode="area")
        known = mask[chosen].float()
        parts.append(fit(motion[chosen].float() * known, known, small).half())
    return torch.cat(parts)


class Shard:
    """The chunks of one file; fits are computed once and kept beside it."""

    def __init__(self, path: Path):
        stored = np.load(path)
        self.motion = torch.from_numpy(stored["motion"]).clamp_(-LARGEST, LARGEST)  # longer ones are search errors of the codec
        self.mask = torch.from_numpy(stored["mask"]).bool()
        self.luma = halved(torch.from_numpy(stored["luma"]))
        self.first = torch.from_numpy(stored["first"]).long()
        self.number = stored["number"].tolist()
        self.fitted = self._fitted(path.with_suffix(".fit.npy"))

    def _fitted(self, cache: Path) -> Tensor:
        if cache.exists():
            return torch.from_numpy(np.load(cache))
        fitted = fits(self.motion, self.mask, self.luma, self.first)
        np.save(cache, fitted.numpy())
        return fitted

    def runs(self) -> Iterator[tuple[int, int]]:
        """(first chunk, chunks) of each run of chunks in which something moves, in a row in one clip."""
        moves = (moving_cells(self.motion) & self.mask).flatten(1).any(1).tolist()
        start = 0
        for at in range(len(moves) + 1):
            ends = at == len(moves) or not moves[at] or self.number[at] == 0
            if ends and at > start:
                yield start, at - start
            if ends:
                start = at if at < len(moves) and moves[at] else at + 1


def liveliness(shard: Shard, start: int, count: int) -> float:
    """How often a run is drawn beside others, 0.3 to 1: what hardly moves has little to learn from."""
    chosen = slice(start, start + count)
    mean_px = float((in_px(shard.motion[chosen].float()).abs().sum(1, keepdim=True) * shard.mask[chosen]).mean())
    return EVEN_SHARE + (1 - EVEN_SHARE) * min(1.0, mean_px / LIVELY_PX)


class ChunkSampler:
    """Draws runs of augmented chunks; new shards are taken in by `refresh`."""

    def __init__(self, folder: Path, seed: int, pattern: str = "shard-*[0-9].npz"):
        self.folder, self.pattern = folder, pattern
        self.random = torch.Generator().manual_seed(seed)
        self.shards: dict[str, Shard] = {}
        self.runs: list[tuple[Shard, int, int]] = []
        self.often: list[float] = []
        self.refresh()

    def __len__(self) -> int:
        return sum(count for _, _, count in self.runs)

    def refresh(self, most: int = 1000) -> None:
        """Reads the shards that have appeared since, `most` of them at once."""
        for path in sorted(path for path in self.folder.glob(self.pattern) if path.name not in self.shards)[:most]:
            shard = self.shards[path.name] = Shard(path)
            self.runs += [(shard, start, count) for start, count in shard.runs()]
        self.often += [liveliness(*run) for run in self.runs[len(self.often) :]]

    def take(self, runs: list[tuple[Shard, int, int]]) -> Chunks:
        """The chunks of these runs as they are."""
        parts = []
        for shard, start, count in runs:
            chosen = slice(start, start + count)
            mask = shard.mask[chosen].float()
            pictures = shard.luma[shard.first[chosen, None] + torch.arange(FIELDS_PER_CHUNK + 1)].float() / 255
            follows = torch.ones(count)
            follows[0] = 0
            parts.append((shard.motion[chosen].float() * mask, mask, shard.fitted[chosen].float(), pictures, follows))
        return Chunks(*(torch.cat(column) for column in zip(*parts, strict=True)))

    def in_order(self, size: int, most: int) -> Iterator[Chunks]:
        """Whole runs as they are, about `size` chunks at a time, `most` chunks in all, evenly from all that there are."""
        step = max(1, len(self) // most)
        batch: list[tuple[Shard, int, int]] = []
        for run in self.runs[::step]:
            batch.append(run)
            if sum(count for _, _, count in batch) >= size:
                yield self.take(batch)
                batch = []
        if batch:
            yield self.take(batch)

    def batch(self, size: int) -> Chunks:
        """Draws `size` augmented chunks, in runs."""
        runs, left, often = [], size, torch.tensor(self.often)
        while left:
            shard, start, count = self.runs[int(torch.multinomial(often, 1, generator=self.random))]
            skipped = int(torch.randint(max(1, count - left + 1), (1,), generator=self.random))
            runs.append((shard, start + skipped, min(count, left)))
            left -= runs[-1][2]
        chunks = self.take(runs)
        self._mirror(chunks, [count for _, _, count in runs])
        self._mask_some(chunks.mask)
        chunks.motion *= chunks.mask
        chunks.fitted *= chunks.mask.flatten(3).any(3)[..., None, None]
        chunks.follows *= 1 - self._chance(size, 0.1).float()
        return chunks

    def _chance(self, size: int, share: float) -> Tensor:
        return torch.rand(size, generator=self.random) < share

    def _mirror(self, chunks: Chunks, lengths: list[int]) -> None:
        """Mirrors runs in space, the signs follow."""
        x, y = (self._chance(len(lengths), 0.5).repeat_interleave(torch.tensor(lengths)) for _ in range(2))
        for chosen, axis in ((x, -1), (y, -2)):
            for tensor in (chunks.motion, chunks.mask, chunks.fitted, chunks.luma):
                tensor[chosen] = tensor[chosen].flip(axis)
        for tensor in (chunks.motion, chunks.fitted):
            tensor[x, 0] *= -1
            tensor[y, 1] *= -1

    def _mask_some(self, mask: Tensor) -> None:
        """Masks the tails of some chunks (a clip's end) and scattered cells (intra blocks)."""
        size = len(mask)
        lengths = torch.where(self._chance(size, 0.1), torch.randint(1, 8, (size,), generator=self.random), 8)
        mask *= (torch.arange(8) < lengths[:, None]).view(size, 1, 8, 1, 1)
        lost = self._chance(size, 0.3) * torch.rand(size, generator=self.random) * 0.1
        mask *= torch.rand(mask.shape, generator=self.random) >= lost.view(-1, 1, 1, 1, 1)
