"""Checks of the motion fields' direction, unit and mask: python -m unittest discover training."""

import unittest

import cv2
import numpy as np

from codec import decode_vectors, encode, mpeg4, x264
from motion_fields import to_chunks, to_field

STEP_X, STEP_Y = 6, -3  # px, the content moves right and up


def pan(width: int, height: int, pictures: int = 4) -> list[np.ndarray]:
    """Smooth noise that moves by (STEP_X, STEP_Y) px at each picture."""
    noise = np.random.default_rng(1).integers(0, 256, (height // 8 + 12, width // 8 + 12, 3), dtype=np.uint8)
    canvas = cv2.resize(noise, None, fx=8, fy=8, interpolation=cv2.INTER_CUBIC)
    corners = [(40 - STEP_Y * i, 40 - STEP_X * i) for i in range(pictures)]
    return [np.ascontiguousarray(canvas[y : y + height, x : x + width]) for y, x in corners]


class FieldsOfAPan(unittest.TestCase):
    def test_content_moving_right_and_up_gives_positive_x_and_negative_y(self) -> None:
        for width, height in ((576, 320), (320, 576), (640, 360)):
            for coding in (mpeg4(4), x264("veryfast", 23)):
                with self.subTest(width=width, codec=coding.codec):
                    vectors = decode_vectors(encode(pan(width, height), width, height, coding), coding.codec)
                    self.assertIsNone(vectors[0])
                    field, mask = to_field(vectors[1:2], width, height)
                    self.assertGreater(mask.mean(), 0.9)
                    self.assertAlmostEqual(np.median(field[0][mask]) * width, STEP_X, delta=0.3)
                    self.assertAlmostEqual(np.median(field[1][mask]) * height, STEP_Y, delta=0.3)


    def test_two_pictures_a_field_compose_to_the_whole_way(self) -> None:
        vectors = decode_vectors(encode(pan(576, 320), 576, 320, x264("veryfast", 23), 24), "libx264")
        field, mask = to_field(vectors[1:3], 576, 320)
        self.assertGreater(mask.mean(), 0.85)
        self.assertAlmostEqual(np.median(field[0][mask]) * 576, 2 * STEP_X, delta=0.5)
        self.assertAlmostEqual(np.median(field[1][mask]) * 320, 2 * STEP_Y, delta=0.5)


class Chunks(unittest.TestCase):
    def test_a_key_picture_has_an_empty_mask(self) -> None:
        self.assertFalse(to_field([None], 576, 320)[1].any())

    def test_the_last_chunk_is_padded_with_masked_fields(self) -> None:
        field = (np.ones((2, 20, 36), np.float32), np.ones((20, 36), bool))
        motion, mask = to_chunks([field] * 10)
        self.assertEqual(motion.shape, (2, 2, 8, 20, 36))
        self.assertEqual(mask.shape, (2, 1, 8, 20, 36))
        self.assertEqual(mask.sum(), 10 * 20 * 36)
        self.assertTrue((motion[1, :, 2:] == 0).all())


if __name__ == "__main__":
    unittest.main()
