"""The scaler gives what the server's tests hold it to, and a picture survives being coded for it."""

import unittest
from pathlib import Path

import av
import numpy as np
from PIL import Image

from scaler import as_coded, squash, squash_luma

FIXTURES = Path(__file__).parent.parent / "test" / "fixtures"


class Scaler(unittest.TestCase):
    def setUp(self) -> None:
        with av.open(str(FIXTURES / "media" / "photograph-720p.h264")) as container:
            self.frame = next(container.decode(video=0))

    def test_the_fixtures_of_the_server_are_what_comes_out(self) -> None:
        golden = np.asarray(Image.open(FIXTURES / "golden" / "photograph-256.png"))
        np.testing.assert_array_equal(squash(self.frame), golden)
        luma = np.asarray(Image.open(FIXTURES / "golden" / "photograph-72x40.png"))
        np.testing.assert_array_equal(squash_luma(self.frame, 72, 40), luma[..., 0])

    def test_a_pixel_is_the_mean_of_what_it_covers(self) -> None:
        for height in (480, 720):  # BT.601 and BT.709
            tones = np.random.default_rng(1).integers(40, 216, (height // 16, 32, 3), np.uint8)
            picture = tones.repeat(16, 0).repeat(16, 1)
            difference = squash(as_coded(picture), 32, height // 16).astype(int) - tones
            # The tolerance is the rounding of 8-bit luma and chroma.
            self.assertLessEqual(np.abs(difference).max(), 3)


if __name__ == "__main__":
    unittest.main()
