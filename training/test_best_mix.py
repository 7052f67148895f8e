"""The bound on what mixing grids within a picture can win."""

import pytest
import torch

from best_mix import best_mix_db
from picture_quality import psnr_db


def test_parts_come_from_the_grid_that_they_need() -> None:
    pictures = torch.full((1, 3, 256, 256), 0.5)
    good, poor = pictures + 0.01, pictures + 0.1
    mixed = poor.clone()
    # One quarter is as good on the coarsest grid as on the finest.
    mixed[:, :, :128, :128] = good[:, :, :128, :128]
    outputs = (good, mixed, mixed)
    three_quarters = 4 + 12 * 16
    assert best_mix_db(outputs, pictures, three_quarters) == pytest.approx(psnr_db(good, pictures).item(), abs=0.01)
    assert best_mix_db(outputs, pictures, 16) == pytest.approx(psnr_db(mixed, pictures).item(), abs=0.01)


def test_all_tokens_give_the_finest_grid() -> None:
    draw = torch.Generator().manual_seed(1)
    pictures = torch.rand(2, 3, 256, 256, generator=draw)
    outputs = tuple((pictures + error * torch.randn(pictures.shape, generator=draw)) for error in (0.02, 0.1, 0.2))
    assert best_mix_db(outputs, pictures, 256) == pytest.approx(psnr_db(outputs[0], pictures).mean().item(), abs=0.2)
