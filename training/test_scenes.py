"""What is rendered moves as its truth says, and a camera's flaws move nothing."""

import cv2
import numpy as np
import pytest

import scenes
from paths import Pose, standing
from scene import Bend, Layer, Scene
from scenes import SceneMaker
from sensor import Sensor, SensorMaker

WIDTH, HEIGHT = 288, 160


def textured(width: int, height: int, seed: int = 1) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(30, 220, (height // 6, width // 6, 3), np.uint8)
    return cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)


def scene_of(camera: Pose, layers: list[Layer] = [], bend: Bend | None = None) -> Scene:
    return Scene((WIDTH, HEIGHT), textured(2 * WIDTH, 2 * HEIGHT), camera, layers, bend)


def pulled_back(picture: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The picture before, brought to where the truth says that it is now."""
    motion = [cv2.resize(component, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC) for component in truth]
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    return cv2.remap(picture, x - motion[0] * WIDTH, y - motion[1] * HEIGHT, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def bend_of(amounts: tuple[float, float]) -> Bend:
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    pattern = np.stack([np.sin(y / 25) * 9, np.cos(x / 30) * 7], -1)
    return Bend(pattern[None], np.array([amounts]))


CAMERAS = {
    "pan": Pose(np.array([0.5, 0.53]), np.array([0.5, 0.47]), np.ones(2), np.zeros(2)),
    "zoom and roll": Pose(np.full(2, 0.5), np.full(2, 0.5), np.array([1, 1.06]), np.array([0, 0.05])),
}


@pytest.mark.parametrize("bend", [None, bend_of((0.2, 0.7))], ids=["stiff", "bending"])
@pytest.mark.parametrize("camera", CAMERAS.values(), ids=CAMERAS)
def test_the_truth_takes_one_picture_to_the_next(camera: Pose, bend: Bend | None):
    scene = scene_of(camera, bend=bend)
    before, now = (picture.astype(float) for picture in scene.pictures())
    inner = np.s_[20:-20, 30:-30]
    moved, held = (np.abs(picture - now)[inner].mean() for picture in (pulled_back(before, scene.truth(0, 1)), before))
    assert moved < 0.2 * held


def test_a_thing_moves_by_itself_before_a_still_ground():
    alpha = np.ones((60, 60), np.float32)
    path = Pose(np.array([0.5, 0.55]), np.array([0.5, 0.4]), np.ones(2), np.zeros(2))
    truth = scene_of(standing(2), [Layer(textured(60, 60, 2), alpha, 0.25, path)]).truth(0, 1)
    moving = (truth != 0).any(0)
    assert 0.05 < moving.mean() < 0.15
    assert np.allclose(truth[:, moving].T, (0.05, -0.1), atol=1e-5)
    rows, columns = np.nonzero(moving)
    assert abs((columns.mean() + 0.5) / 36 - 0.55) < 0.02 and abs((rows.mean() + 0.5) / 20 - 0.4) < 0.03


def test_an_exposure_that_drifts_moves_nothing():
    scene = scene_of(standing(8))
    assert scene.is_still and not scene.truth(0, 7).any()
    gain = np.linspace(1, 0.6, 8)
    sensor = Sensor(0.0, 0.0, gain, np.zeros(8), None, np.zeros(8), seed=1)
    taken = sensor.take(scene.pictures())
    black = 16.0
    for instant, picture in enumerate(taken):
        expected = (taken[0][:HEIGHT] - black) * gain[instant] + black
        assert np.abs(picture[:HEIGHT] - expected).max() <= 0.5


def test_noise_is_new_in_every_picture_and_of_the_strength_asked_for():
    sensor = Sensor(0.0, 4.0, np.ones(3), np.zeros(3), None, np.zeros(3), seed=1)
    taken = sensor.take([np.full((HEIGHT, WIDTH, 3), 128, np.uint8)] * 3)
    luma = [picture[:HEIGHT].astype(float) for picture in taken]
    assert all(abs(picture.std() - 4) < 0.3 for picture in luma)
    assert all(abs((one - other).std() - 4 * 2**0.5) < 0.6 for one, other in zip(luma, luma[1:]))


def test_a_camera_at_fault_never_gives_the_same_picture_twice():
    sensors = SensorMaker(np.random.default_rng(3))
    for _ in range(20):
        taken = sensors.sensor(12, 12, WIDTH, HEIGHT, at_fault=True).take([textured(WIDTH, HEIGHT)] * 12)
        assert any((picture != taken[0]).any() for picture in taken)


def test_cameras_stand_still_in_at_least_a_quarter_of_scenes_and_some_show_nothing_that_moves(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(scenes, "MIN_SIDE_PX", 100)
    maker = SceneMaker([textured(200, 160)], [textured(200, 160, 2)], seed=4)
    drawn = [maker.scene(1, 12, 96, 64) for _ in range(150)]
    paths = [np.stack([scene.camera.x, scene.camera.y, scene.camera.scale, scene.camera.angle]) for scene in drawn]
    still_cameras = sum(not np.ptp(path, 1).any() for path in paths)
    assert 38 <= still_cameras < 120
    assert 6 <= sum(scene.is_still for scene in drawn) <= 32
    for scene in drawn[:40]:
        assert np.isfinite(scene.truth(0, 12)).all()
