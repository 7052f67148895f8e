"""Checks of the fit and of warping on pictures whose motion is known: python -m pytest training."""

import unittest

import torch
import torch.nn.functional as F
from torch import Tensor

from picture_fit import LUMA_COLUMNS, LUMA_ROWS, PictureFit, fill, moved, places, sample
from warping import warp

STEP = torch.tensor([0.012, -0.01]).view(1, 2, 1, 1)  # fractions a field, right and up


def panned(rows: int, columns: int, step: Tensor = STEP) -> Tensor:
    """Nine pictures of smooth noise that moves by `step` a field: [1, 9, rows, columns]."""
    noise = torch.rand(1, 1, 12, 20, generator=torch.Generator().manual_seed(1))
    scene = F.interpolate(noise, (rows, columns), mode="bicubic", align_corners=False).clamp(0, 1)
    here = places(rows, columns)
    return torch.cat([sample(scene, moved(here, (step * index).expand(-1, -1, rows, columns))) for index in range(9)], 1)


def even(rows: int = 20, columns: int = 36) -> Tensor:
    """The motion of a pan on the grid: [1, 2, 8, 20, 36]."""
    return STEP.unsqueeze(2).expand(1, 2, 8, rows, columns).clone()


class Fit(unittest.TestCase):
    inner = (..., slice(4, -4), slice(6, -6))  # a pan brings in what was not there, at the border

    def fitted(self, motion: Tensor, mask: Tensor) -> Tensor:
        return PictureFit()(motion, mask, panned(LUMA_ROWS, LUMA_COLUMNS))

    def test_slow_motion_is_found_from_none(self) -> None:
        pictures = panned(LUMA_ROWS, LUMA_COLUMNS, STEP / 4)
        fitted = PictureFit()(torch.zeros(1, 2, 8, 20, 36), torch.ones(1, 1, 8, 20, 36), pictures)
        error = (fitted - even() / 4)[self.inner].abs().mean()
        self.assertLess(error, 0.2 * STEP.abs().mean() / 4)

    def test_noise_of_the_vectors_is_left_out(self) -> None:
        noise = 0.01 * torch.randn(1, 2, 8, 20, 36, generator=torch.Generator().manual_seed(2))
        fitted = self.fitted(even() + noise, torch.ones(1, 1, 8, 20, 36))
        self.assertLess((fitted - even())[self.inner].abs().mean(), 0.25 * noise.abs().mean())

    def test_masked_vectors_say_nothing(self) -> None:
        mask = (torch.rand(1, 1, 8, 20, 36, generator=torch.Generator().manual_seed(3)) > 0.3).float()
        lies = even() * mask + 0.1 * (1 - mask)
        self.assertTrue(torch.allclose(self.fitted(lies, mask), self.fitted(even() * mask, mask)))

    def test_still_pictures_stay_still(self) -> None:
        still = panned(LUMA_ROWS, LUMA_COLUMNS)[:, :1].expand(-1, 9, -1, -1)
        fitted = PictureFit()(torch.zeros(1, 2, 8, 20, 36), torch.ones(1, 1, 8, 20, 36), still)
        self.assertLess(float(fitted.abs().max()), 1e-6)


class Fill(unittest.TestCase):
    def test_masked_cells_take_the_mean_around_them_and_of_all_where_none_is_near(self) -> None:
        mask = torch.zeros(1, 1, 20, 36)
        mask[..., :2, :2] = 1
        filled = fill(torch.full((1, 2, 20, 36), 0.5) * mask, mask)
        self.assertTrue(torch.allclose(filled, torch.full((1, 2, 20, 36), 0.5)))

    def test_nothing_known_is_no_motion(self) -> None:
        self.assertEqual(float(fill(torch.ones(1, 2, 20, 36), torch.zeros(1, 1, 20, 36)).abs().max()), 0)


class Warp(unittest.TestCase):
    def test_true_motion_makes_the_pictures_that_follow(self) -> None:
        pictures = panned(128, 128)
        warped = warp(pictures[:, :1], even())
        error = (warped - pictures[:, 1:])[..., 16:-16, 16:-16].square().mean()
        held = (pictures[:, :1] - pictures[:, 1:])[..., 16:-16, 16:-16].square().mean()
        self.assertLess(error, 0.02 * held)


if __name__ == "__main__":
    unittest.main()
