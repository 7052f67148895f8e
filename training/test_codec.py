"""Motion that is known, through every coding."""

import cv2
import numpy as np
import pytest

from clip_fields import received_fields, reencoded_fields, ticks_of
from codec import Coding, decode, encode, lossy, mpeg4, openh264, starved_x264, x264
from paths import Pose
from scene import Scene

LIVE = {
    "x264 ultrafast": x264("ultrafast", 20),
    "x264 medium": x264("medium", 28),
    "starved x264": starved_x264(600),
    "openh264": openh264(600),
    "starved openh264": openh264(350, "medium"),
}
SIZES = [(576, 320), (320, 576), (640, 360)]
STEP = (10, -4.5)  # px a picture, right and up: whole half pixels at the size of the second encode too


def pan(width: int, height: int, pictures: int) -> tuple[Scene, list[np.ndarray]]:
    """A pan over a ground whose right third is flat, as planar 4:2:0."""
    noise = np.random.default_rng(1).integers(40, 200, (height // 2, width // 2, 3), np.uint8)
    ground = cv2.resize(noise, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    ground[:, ground.shape[1] * 3 // 5 :] = 120
    way = np.arange(pictures)
    still = np.zeros(pictures)
    camera = Pose(0.5 + way * STEP[0] / width, 0.5 + way * STEP[1] / height, still + 1, still)
    scene = Scene((width, height), ground, camera, [], None)
    return scene, [cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420) for picture in scene.pictures()]


def error_px(field: np.ndarray, mask: np.ndarray, picture: np.ndarray, motion: tuple[float, float]) -> float:
    """The median endpoint error over the textured cells that have a vector."""
    height, width = picture.shape[0] * 2 // 3, picture.shape[1]
    luma = picture[:height].astype(np.float32)
    spread = cv2.resize((luma - cv2.blur(luma, (15, 15))) ** 2, (36, 20), interpolation=cv2.INTER_AREA)
    textured = mask & (spread > 16)
    assert 0.4 < textured.mean() < 0.9
    error = field * np.array([width, height])[:, None, None] - np.array(motion)[:, None, None]
    return float(np.median(np.hypot(*error)[textured]))


@pytest.mark.parametrize("width, height", SIZES)
@pytest.mark.parametrize("coding", LIVE.values(), ids=LIVE)
def test_a_pan_through_a_live_coding_is_the_pan(coding: Coding, width: int, height: int):
    _, pictures = pan(width, height, 7)
    decoded = decode(encode(pictures, coding, 24), coding)
    fields = received_fields(decoded, 24)
    assert len(fields) == 3
    for field, tick in zip(fields, (2, 4, 6)):
        assert error_px(*field, pictures[tick], (2 * STEP[0], 2 * STEP[1])) < 0.25


@pytest.mark.parametrize("width, height", SIZES)
def test_a_pan_through_the_second_encode_is_the_pan(width: int, height: int):
    _, pictures = pan(width, height, 4)
    for field, picture in zip(reencoded_fields(pictures, mpeg4(4)), pictures[1:]):
        assert error_px(*field, picture, STEP) < 0.25


def test_ticks_show_the_last_picture_at_or_before_them():
    assert ticks_of(3, 24) == [0, 2]
    assert ticks_of(7, 30) == [0, 2, 5]
    assert ticks_of(25, 12) == list(range(25))


@pytest.mark.parametrize("coding", [mpeg4(4), *LIVE.values()], ids=["mpeg4", *LIVE])
def test_a_clip_is_one_key_picture_and_what_refers_to_the_picture_before(coding: Coding):
    _, pictures = pan(320, 192, 30)
    decoded = decode(encode(pictures, coding, 24), coding)
    assert len(decoded) == len(pictures)
    assert [each.vectors is None for each in decoded] == [True] + [False] * 29
    assert all((each.vectors["source"] == -1).all() for each in decoded[1:])


def test_fewer_bits_leave_a_worse_picture():
    _, pictures = pan(320, 192, 12)
    left = [lossy(pictures, openh264(kilobits), 24)[-1].astype(float) - pictures[-1] for kilobits in (1500, 40)]
    assert np.square(left[1]).mean() > 4 * np.square(left[0]).mean()


def test_a_picture_that_openh264_does_not_give_is_an_error():
    with pytest.raises(RuntimeError, match="of 2 pictures"):
        encode([np.zeros((24, 16), np.uint8)] * 2, Coding("openh264", {"complexity": "none such"}))
