"""Encodes pictures with FFmpeg or OpenH264 and decodes them again with their motion vectors.

A picture is planar 4:2:0 of limited range: uint8 [height * 3 / 2, width], as OpenCV's I420.
"""

import subprocess
from dataclasses import dataclass, field
from fractions import Fraction

import av
import numpy as np

FIELDS_PER_SECOND = 12
LAMBDA_PER_QUANTIZER = 118  # FF_QP2LAMBDA of libavutil/avutil.h


@dataclass(frozen=True)
class Coding:
    """An encoder and its options."""

    codec: str
    options: dict[str, str] = field(default_factory=dict)


@dataclass
class Decoded:
    """A decoded picture and the FFmpeg motion vectors that lead to it; None for a key picture."""

    picture: np.ndarray
    vectors: np.ndarray | None


def mpeg4(quantizer: int) -> Coding:
    """MPEG-4 Part 2 as the pack's manifest states it: constant quantizer, EPZS, one key picture."""
    # Not by AV_CODEC_FLAG_QSCALE, as PyAV's frames carry no quality: the bounds leave the rate control no choice.
    bounds = {name: str(quantizer) for name in ("qmin", "qmax")}
    bounds |= {name: str(quantizer * LAMBDA_PER_QUANTIZER) for name in ("lmin", "lmax", "mblmin", "mblmax")}
    return Coding("mpeg4", {**bounds, "i_qfactor": "-1", "flags": "+bitexact", "g": "600", "motion_est": "epzs", "threads": "1"})


def x264(preset: str, crf: int) -> Coding:
    """H.264 as a live encoder sends it: one reference picture, no reordering."""
    options = {"preset": preset, "tune": "zerolatency", "crf": str(crf), "refs": "1", "bf": "0", "g": "600"}
    return Coding("libx264", {**options, "threads": "1"})


def starved_x264(kilobits: int) -> Coding:
    """H.264 at a rate too low for its content, as over a bad uplink: large blocks, late and lasting errors."""
    rate = {"b": f"{kilobits}k", "maxrate": f"{kilobits}k", "bufsize": f"{kilobits // 2}k"}
    options = {"preset": "veryfast", "tune": "zerolatency", "refs": "1", "bf": "0", "g": "600", "threads": "1"}
    return Coding("libx264", {**options, **rate})


def openh264(kilobits: int, complexity: str = "low") -> Coding:
    """H.264 as browsers send it: OpenH264 for cameras at a bit rate, of low, medium or high complexity."""
    rate = {"rate-control": "bitrate", "bitrate": str(kilobits * 1000)}
    whole_clips = {"gop-size": "0", "scene-change-detection": "false"}
    return Coding("openh264", {"usage-type": "camera", "complexity": complexity, "multi-thread": "1", **rate, **whole_clips})


def encode(pictures: list[np.ndarray], coding: Coding, rate: int = FIELDS_PER_SECOND) -> list[av.Packet]:
    """Encodes pictures at `rate` pictures a second."""
    if coding.codec == "openh264":
        return encode_openh264(pictures, coding, rate)
    encoder = av.CodecContext.create(coding.codec, "w")
    encoder.width, encoder.height = size_of(pictures[0])
    encoder.pix_fmt = "yuv420p"
    encoder.time_base = Fraction(1, rate)
    encoder.framerate = Fraction(rate)
    encoder.options = coding.options
    packets = []
    for index, picture in enumerate(pictures):
        frame = to_frame(picture)
        frame.pts = index
        packets += encoder.encode(frame)
    return packets + encoder.encode(None)


def encode_openh264(pictures: list[np.ndarray], coding: Coding, rate: int) -> list[av.Packet]:
    """Pipes raw pictures through GStreamer's openh264enc: Annex B, one packet a picture."""
    width, height = size_of(pictures[0])
    pipeline = ["fdsrc", "fd=0", "!", "rawvideoparse", "format=i420", f"width={width}", f"height={height}", f"framerate={rate}/1"]
    pipeline += ["!", "openh264enc", *(f"{key}={value}" for key, value in coding.options.items())]
    pipeline += ["!", "video/x-h264,stream-format=byte-stream,alignment=au", "!", "fdsink", "fd=1"]
    raw = b"".join(picture.tobytes() for picture in pictures)
    done = subprocess.run(["gst-launch-1.0", "-q", *pipeline], input=raw, capture_output=True)
    parser = av.CodecContext.create("h264", "r")
    packets = parser.parse(done.stdout) + parser.parse(b"")
    if done.returncode or len(packets) != len(pictures):
        raise RuntimeError(f"openh264enc gave {len(packets)} of {len(pictures)} pictures: {done.stderr.decode()}")
    return packets


def decode(packets: list[av.Packet], coding: Coding) -> list[Decoded]:
    """The pictures of a coding in order, with their vectors."""
    decoder = av.CodecContext.create("mpeg4" if coding.codec == "mpeg4" else "h264", "r")
    decoder.options = {"flags2": "+export_mvs"}
    decoder.thread_count = 1
    frames = [frame for packet in [*packets, None] for frame in decoder.decode(packet)]
    sides = [frame.side_data.get("MOTION_VECTORS") for frame in frames]
    return [
        Decoded(frame.to_ndarray(format="yuv420p"), None if side is None else side.to_ndarray())
        for frame, side in zip(frames, sides)
    ]


def lossy(pictures: list[np.ndarray], coding: Coding, rate: int) -> list[np.ndarray]:
    """The pictures as another coding leaves them: what is published was nearly always coded before."""
    return [decoded.picture for decoded in decode(encode(pictures, coding, rate), coding)]


def to_frame(picture: np.ndarray) -> av.VideoFrame:
    """The picture as a frame of FFmpeg."""
    return av.VideoFrame.from_ndarray(picture, format="yuv420p")


def size_of(picture: np.ndarray) -> tuple[int, int]:
    """(width, height) of a picture in px."""
    return picture.shape[1], picture.shape[0] * 2 // 3
