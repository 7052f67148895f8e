"""What a shard holds of a clip, and how one finds the chunk before."""

import random
from pathlib import Path

import numpy as np
import pytest

import make_motion
import scenes
from make_motion import CODINGS, Shard, add_random_clip, random_coding
from scenes import SceneMaker
from sensor import SensorMaker
from test_scenes import textured


@pytest.fixture(scope="module")
def shard(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    """Four small clips of 13 fields."""
    folder: Path = tmp_path_factory.mktemp("shards")
    sensors, draw, filling = SensorMaker(np.random.default_rng(1)), random.Random(1), Shard()
    maker = SceneMaker([textured(300, 200)], [], seed=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scenes, "MIN_SIDE_PX", 100)
        patch.setattr(make_motion, "SIZES", {(192, 128): 1.0})
        patch.setattr(make_motion, "CLIP_FIELDS", (13,))
        for _ in range(4):
            add_random_clip(filling, maker, sensors, draw)
    filling.save(folder / "shard-1-0000.npz")
    assert [path.name for path in folder.iterdir()] == ["shard-1-0000.npz"]
    return dict(np.load(folder / "shard-1-0000.npz"))


def test_every_chunk_has_its_pictures_its_truth_and_its_number(shard: dict[str, np.ndarray]):
    chunks = len(shard["motion"])
    assert shard["motion"].shape == shard["truth"].shape == (chunks, 2, 8, 20, 36)
    assert shard["mask"].shape == (chunks, 1, 8, 20, 36)
    assert shard["luma"].shape[1:] == (256, 256) and shard["luma"].dtype == np.uint8
    assert (shard["first"] + 8 < len(shard["luma"])).all()
    clips = chunks // 2
    assert clips >= 4 and shard["number"].tolist() == [0, 1] * clips
    for name in ("first", "coding", "still"):
        assert shard[name].shape == (chunks,)
    assert set(shard["coding"]) <= set(range(len(CODINGS)))


def test_the_chunk_before_ends_with_the_picture_that_the_chunk_begins_with(shard: dict[str, np.ndarray]):
    followers = np.flatnonzero(shard["number"])
    assert (shard["first"][followers] == shard["first"][followers - 1] + 8).all()
    assert (shard["coding"][followers] == shard["coding"][followers - 1]).all()


def test_fields_beyond_a_clips_end_are_masked_and_show_its_last_picture(shard: dict[str, np.ndarray]):
    last = shard["number"] == 1  # 13 fields: the second chunk has five
    assert not shard["mask"][last][:, :, 5:].any() and shard["mask"][last][:, :, :5].any()
    for first in shard["first"][last]:
        assert (shard["luma"][first + 6 : first + 9] == shard["luma"][first + 5]).all()


def test_where_nothing_moves_the_truth_says_so(shard: dict[str, np.ndarray]):
    assert not shard["truth"][shard["still"] == 1].any()
    assert shard["truth"][shard["still"] == 0].any()


@pytest.mark.parametrize("kind", CODINGS)
def test_every_kind_has_a_coding_of_its_own(kind: str):
    codec = {"mpeg4": "mpeg4", "openh264": "openh264"}.get(kind, "libx264")
    coding = random_coding(random.Random(2), kind)
    assert coding.codec == codec and ("maxrate" in coding.options) == (kind == "starved x264")
