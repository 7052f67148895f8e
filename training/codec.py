"""Encodes pictures with FFmpeg and decodes them again with their motion vectors."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

import av
import cv2
import numpy as np

FIELDS_PER_SECOND = 12


@dataclass(frozen=True)
class Coding:
    """An encoder and its options."""

    codec: str
    options: dict[str, str] = field(default_factory=dict)


def mpeg4(quantizer: int) -> Coding:
    """MPEG-4 Part 2 as the pack's manifest states it: constant quantizer, EPZS, one key picture."""
    bounds = {"qmin": str(quantizer), "qmax": str(quantizer)}
    return Coding("mpeg4", {**bounds, "g": "600", "motion_est": "epzs", "threads": "1"})


def x264(preset: str, crf: int) -> Coding:
    """H.264 as a live encoder sends it: one reference picture, no reordering."""
    options = {"preset": preset, "tune": "zerolatency", "crf": str(crf), "refs": "1", "bf": "0", "g": "600"}
    return Coding("libx264", {**options, "threads": "1"})


def starved_x264(kilobits: int) -> Coding:
    """H.264 at a rate too low for its content, as over a bad uplink: large blocks, late and lasting errors."""
    rate = {"b": f"{kilobits}k", "maxrate": f"{kilobits}k", "bufsize": f"{kilobits // 2}k"}
    options = {"preset": "veryfast", "tune": "zerolatency", "refs": "1", "bf": "0", "g": "600", "threads": "1"}
    return Coding("libx264", {**options, **rate})


def encode(pictures: Iterable[np.ndarray], width: int, height: int, coding: Coding, rate: int = FIELDS_PER_SECOND) -> list[av.Packet]:
    """Encodes RGB pictures uint8 [H, W, 3] at `rate` pictures a second."""
    encoder = av.CodecContext.create(coding.codec, "w")
    encoder.width, encoder.height = width, height
    encoder.pix_fmt = "yuv420p"
    encoder.time_base = Fraction(1, rate)
    encoder.framerate = Fraction(rate)
    encoder.options = coding.options
    packets = []
    for index, picture in enumerate(pictures):
        planes = cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420)
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts = index
        packets += encoder.encode(frame)
    return packets + encoder.encode(None)


def lossy(pictures: list[np.ndarray], coding: Coding, rate: int) -> list[np.ndarray]:
    """The pictures as another coding leaves them, RGB uint8 [H, W, 3]: what is published was nearly always coded before."""
    height, width = pictures[0].shape[:2]
    decoder = av.CodecContext.create("h264" if coding.codec == "libx264" else coding.codec, "r")
    packets = encode(pictures, width, height, coding, rate)
    frames = [frame for packet in [*packets, None] for frame in decoder.decode(packet)]
    return [frame.to_ndarray(format="rgb24") for frame in frames]


def decode_vectors(packets: list[av.Packet], codec: str) -> list[np.ndarray | None]:
    """The vectors of each decoded picture in order; None where it has none (a key picture)."""
    decoder = av.CodecContext.create("h264" if codec == "libx264" else codec, "r")
    decoder.options = {"flags2": "+export_mvs"}
    decoder.thread_count = 1
    vectors = []
    for packet in [*packets, None]:
        for frame in decoder.decode(packet):
            side = frame.side_data.get("MOTION_VECTORS")
            vectors.append(None if side is None else side.to_ndarray())
    return vectors
