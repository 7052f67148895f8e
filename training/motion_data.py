"""Batches of motion chunks, with the pictures that they move, from the shards that make_motion.py writes."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from bending import bent
from motion_chunks import Chunks, hurried, joined, small
from motion_fields import FIELDS_PER_CHUNK
from motion_units import in_px, moving_cells
from picture_fit import LARGEST, PictureFit

PICTURE_PX = 128  # that the warped pictures are compared at
FIT_BATCH = 32
# How often a run is drawn: a share for all, the rest by its mean motion up to this many px.
EVEN_SHARE, LIVELY_PX = 0.3, 1.0
HURRIED_SHARE = 0.3  # of the runs that are long enough: what films show is faster and less even than rendered scenes
BENT_SHARE = 0.4  # of all runs, for the same reason


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
        known = mask[chosen].float()
        parts.append(fit(motion[chosen].float() * known, known, small(pictures)).half())
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

    def chunks(self, start: int, count: int) -> Chunks:
        """A run as it is."""
        chosen = slice(start, start + count)
        mask = self.mask[chosen].float()
        pictures = self.luma[self.first[chosen, None] + torch.arange(FIELDS_PER_CHUNK + 1)].float() / 255
        follows = torch.ones(count)
        follows[0] = 0
        return Chunks(self.motion[chosen].float() * mask, mask, self.fitted[chosen].float(), pictures, follows)

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
        self.fit = PictureFit()
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
        return joined([shard.chunks(start, count) for shard, start, count in runs])

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
            run = self.runs[int(torch.multinomial(often, 1, generator=self.random))]
            runs.append(self._part(run, left))
            left -= len(runs[-1].motion)
        chunks = joined(runs)
        self._mirror(chunks, [len(run.motion) for run in runs])
        self._mask_some(chunks.mask)
        chunks.motion *= chunks.mask
        chunks.fitted *= chunks.mask.flatten(3).any(3)[..., None, None]
        chunks.follows *= 1 - self._chance(size, 0.1).float()
        return chunks

    def _part(self, run: tuple[Shard, int, int], most: int) -> Chunks:
        """At most so many chunks of a run, now and then at double speed or bent."""
        shard, start, count = run
        pace = 2 if count > 1 and self._chance(1, HURRIED_SHARE) else 1
        taken = min(count // pace, most) * pace
        skipped = int(torch.randint(count - taken + 1, (1,), generator=self.random))
        chunks = shard.chunks(start + skipped, taken)
        chunks = hurried(chunks, self.fit) if pace == 2 else chunks
        return bent(chunks, self.fit, self.random) if self._chance(1, BENT_SHARE) else chunks

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
