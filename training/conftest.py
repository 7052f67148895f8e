"""What several checks need."""

from pathlib import Path

import numpy as np
import pytest

# Of six chunks: which of its clip each is, and how many px it moves to the right. The fourth is still.
NUMBERS = [0, 1, 0, 1, 2, 3]
PX = [1.0, 2.0, 3.0, 0.0, 4.0, 5.0]


@pytest.fixture
def chunk_folder(tmp_path: Path) -> Path:
    """A folder with a shard of six chunks of four clips."""
    motion = np.zeros((6, 2, 8, 20, 36), np.float16)
    motion[:, 0] = np.array(PX).reshape(6, 1, 1, 1) / 576
    pictures = np.random.default_rng(1).integers(0, 255, (17 + 33, 256, 256), np.uint8)
    np.savez(
        tmp_path / "shard-1-0000.npz",
        motion=motion,
        mask=np.ones((6, 1, 8, 20, 36), np.uint8),
        first=np.array([0, 8, 17, 25, 33, 41], np.int32),
        number=np.array(NUMBERS, np.int32),
        luma=pictures,
    )
    return tmp_path
