"""Batches of motion chunks from the shards that make_motion.py writes."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from motion_model import moving_cells

LARGEST = 0.12  # fraction; longer vectors are search errors of the codec


class ChunkSampler:
    """Draws augmented chunks; new shards are taken in by `refresh`."""

    def __init__(self, folder: Path, seed: int):
        self.folder = folder
        self.random = torch.Generator().manual_seed(seed)
        self._seen: set[str] = set()
        self.motion = torch.zeros(0, 2, 8, 20, 36, dtype=torch.float16)
        self.mask = torch.zeros(0, 1, 8, 20, 36, dtype=torch.bool)
        self.refresh()

    def __len__(self) -> int:
        return len(self.motion)

    def refresh(self) -> None:
        """Reads the shards that have appeared since; wholly still chunks are left out."""
        motion, mask = [self.motion], [self.mask]
        for path in sorted(self.folder.glob("shard-*[0-9].npz")):
            if path.name in self._seen:
                continue
            self._seen.add(path.name)
            shard = np.load(path)
            shard_motion = torch.from_numpy(shard["motion"]).clamp_(-LARGEST, LARGEST)
            shard_mask = torch.from_numpy(shard["mask"]).bool()
            moves = (moving_cells(shard_motion) & shard_mask).flatten(1).any(1)
            motion.append(shard_motion[moves])
            mask.append(shard_mask[moves])
        self.motion, self.mask = torch.cat(motion), torch.cat(mask)

    def batch(self, size: int) -> tuple[Tensor, Tensor]:
        """Returns (motion float32 [N, 2, 8, 20, 36] in fractions, mask float32 [N, 1, 8, 20, 36])."""
        chosen = torch.randint(len(self), (size,), generator=self.random)
        motion, mask = self.motion[chosen].float(), self.mask[chosen].float()
        self._paste(motion, mask)
        self._move_camera(motion)
        self._mirror(motion, mask)
        self._mask_some(mask)
        strength = torch.where(self._chance(size, 0.4), self._uniform(size) * 0.9 + 0.6, torch.ones(size))
        motion = (motion * strength.view(-1, 1, 1, 1, 1)).clamp(-LARGEST, LARGEST)
        return motion * mask, mask

    def _uniform(self, size: int) -> Tensor:
        return torch.rand(size, generator=self.random)

    def _chance(self, size: int, share: float) -> Tensor:
        return self._uniform(size) < share

    def _paste(self, motion: Tensor, mask: Tensor) -> None:
        """Pastes a rectangle of a neighbour into some chunks: boundaries between two motions."""
        for index in self._chance(len(motion), 0.2).nonzero().flatten().tolist():
            top, left, height, width = (self._uniform(4) * torch.tensor([14, 26, 12, 20])).int().tolist()
            rows, columns = slice(top, top + height + 3), slice(left, left + width + 3)
            motion[index, ..., rows, columns] = motion[index - 1, ..., rows, columns]
            mask[index, ..., rows, columns] = mask[index - 1, ..., rows, columns]

    def _move_camera(self, motion: Tensor) -> None:
        """Adds a camera's pan, zoom and roll, steady or speeding up, to some chunks: the codec's noise stays."""
        size = len(motion)
        chosen = self._chance(size, 0.4)
        normal = torch.randn(size, 4, generator=self.random)
        rows = (torch.arange(20) + 0.5) / 20 - 0.5
        columns = (torch.arange(36) + 0.5) / 36 - 0.5
        speed = torch.rand(size, 1, generator=self.random).square() * 0.04
        pan_x, pan_y = (normal[:, :2] * speed).unbind(1)
        zoom, roll = (normal[:, 2:] * 0.5 * speed).unbind(1)
        x, y = columns.view(1, 1, 36), rows.view(1, 20, 1)
        field = torch.stack(
            [
                pan_x.view(-1, 1, 1) + zoom.view(-1, 1, 1) * x - roll.view(-1, 1, 1) * y * (9 / 16),
                pan_y.view(-1, 1, 1) + zoom.view(-1, 1, 1) * y + roll.view(-1, 1, 1) * x * (16 / 9),
            ],
            1,
        )
        ramp = 1 + self._uniform(size).sub(0.5).view(-1, 1, 1, 1, 1) * torch.linspace(-1, 1, 8).view(1, 1, 8, 1, 1)
        motion += chosen.view(-1, 1, 1, 1, 1) * field.unsqueeze(2) * ramp

    def _mirror(self, motion: Tensor, mask: Tensor) -> None:
        """Mirrors in space and time; the signs follow."""
        x, y, time = (self._chance(len(motion), 0.5) for _ in range(3))
        for chosen, axis in ((x, 4), (y, 3), (time, 2)):
            motion[chosen] = motion[chosen].flip(axis)
            mask[chosen] = mask[chosen].flip(axis)
        motion[x, 0] *= -1
        motion[y, 1] *= -1
        motion[time] *= -1

    def _mask_some(self, mask: Tensor) -> None:
        """Masks the tails of some chunks (a clip's end) and scattered cells (intra blocks)."""
        size = len(mask)
        lengths = torch.where(self._chance(size, 0.1), 1 + (self._uniform(size) * 7).int(), 8)
        mask *= (torch.arange(8) < lengths[:, None]).view(size, 1, 8, 1, 1)
        lost = self._chance(size, 0.3) * self._uniform(size) * 0.1
        mask *= torch.rand(mask.shape, generator=self.random) >= lost.view(-1, 1, 1, 1, 1)
