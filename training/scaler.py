"""The picture scaler of the server, for training: the same filter of the same library, so the same pixels.

Run as a program it squashes the first picture of a video, which is how the fixtures were made that hold
server and training together (`test/fixtures/README.md`).
"""

import argparse
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from PIL import Image

# The flags of pipeline/codec/picture-scaler.ts.
AREA = Interpolation.AREA | Interpolation.ACCURATE_RND | Interpolation.BITEXACT | Interpolation.FULL_CHR_H_INT
HD_HEIGHT_PX = 720  # from here on a picture that states no matrix is BT.709, below it BT.601

reformatter = VideoReformatter()


def matrix_of(frame: av.VideoFrame) -> Colorspace:
    """The matrix that the frame states, or the one that players take for its height."""
    if frame.colorspace == 1:  # ITU-T H.273, MatrixCoefficients 1
        return Colorspace.ITU709
    if frame.colorspace == 2 and frame.height >= HD_HEIGHT_PX:
        return Colorspace.ITU709
    return Colorspace.ITU601


def as_coded(picture: np.ndarray) -> av.VideoFrame:
    """An RGB picture uint8 [H, W, 3], H and W even, as a video encoder gets it: 4:2:0, limited range."""
    height, width = picture.shape[:2]
    source = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
    matrix = Colorspace.ITU709 if height >= HD_HEIGHT_PX else Colorspace.ITU601
    return reformatter.reformat(
        source, width, height, "yuv420p", dst_colorspace=matrix, interpolation=AREA,
        src_color_range=ColorRange.JPEG, dst_color_range=ColorRange.MPEG,
    )


def squash(frame: av.VideoFrame, width_px: int = 256, height_px: int = 256) -> np.ndarray:
    """A decoded frame as the server shows it to the keyframe tokenizer: RGB uint8 [H, W, 3]."""
    return reformatter.reformat(
        frame, width_px, height_px, "rgb24", src_colorspace=matrix_of(frame), interpolation=AREA,
        src_color_range=range_of(frame), dst_color_range=ColorRange.JPEG,
    ).to_ndarray()


def squash_luma(frame: av.VideoFrame, width_px: int, height_px: int) -> np.ndarray:
    """A decoded frame's luma as the server shows it to the motion tokenizer: uint8 [H, W], 0 to 255."""
    matrix = matrix_of(frame)
    planes = reformatter.reformat(
        frame, width_px, height_px, "yuv420p", src_colorspace=matrix, dst_colorspace=matrix, interpolation=AREA,
        src_color_range=range_of(frame), dst_color_range=ColorRange.JPEG,
    )
    luma = planes.planes[0]
    return np.frombuffer(luma, np.uint8).reshape(height_px, luma.line_size)[:, :width_px].copy()


def squash_planes(frame: av.VideoFrame, width_px: int, height_px: int) -> np.ndarray:
    """A decoded frame as the server's re-encoder gets it: planar 4:2:0 of limited range, uint8 [H * 3 / 2, W], H and W even."""
    matrix = matrix_of(frame)
    return reformatter.reformat(
        frame, width_px, height_px, "yuv420p", src_colorspace=matrix, dst_colorspace=matrix, interpolation=AREA,
        src_color_range=range_of(frame), dst_color_range=ColorRange.MPEG,
    ).to_ndarray()


def range_of(frame: av.VideoFrame) -> ColorRange:
    """The range of the frame's samples; what states none is limited."""
    return ColorRange.JPEG if frame.color_range == ColorRange.JPEG else ColorRange.MPEG


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("video", type=Path)
    parser.add_argument("--rgb", type=Path, required=True, help="PNG of 256 x 256")
    parser.add_argument("--luma", type=Path, required=True, help="PNG of 72 x 40")
    options = parser.parse_args()
    with av.open(str(options.video)) as container:
        frame = next(container.decode(video=0))
    Image.fromarray(squash(frame)).save(options.rgb, optimize=True)
    Image.fromarray(squash_luma(frame, 72, 40)).convert("RGB").save(options.luma, optimize=True)


if __name__ == "__main__":
    main()
