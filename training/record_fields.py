"""Records the motion fields of a video's first pictures, which hold server and training together (`test/fixtures/README.md`)."""

import argparse
import base64
import json
from pathlib import Path

import av
import numpy as np

from clip_fields import Field, received_fields, reencoded_fields, ticks_of
from codec import decode, mpeg4, x264

PARTS_PER_PX = 64
MASKED = -32768


def packed(field: Field, width: int, height: int) -> str:
    """A field as base64 of int16 [2, 20, 36], little-endian, in 1/64 px of a picture of that size."""
    motion, mask = field
    parts = np.rint(motion * np.array([width, height])[:, None, None] * PARTS_PER_PX)
    return base64.b64encode(np.where(mask, parts, MASKED).astype("<i2").tobytes()).decode()


def record(video: Path, quantizer: int, rate: int, fields: int) -> dict:
    """The first fields of an H.264 elementary stream by both sources, each in pixels of the stream's size."""
    with av.open(str(video)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    decoded = decode(packets, x264("", 0))[: fields * rate // 12 + 2]
    shown = [decoded[tick].picture for tick in ticks_of(len(decoded), rate)]
    height, width = decoded[0].picture.shape[0] * 2 // 3, decoded[0].picture.shape[1]
    sources = {"bitstream": received_fields(decoded, rate), "reencode": reencoded_fields(shown, mpeg4(quantizer))}
    kept = {name: [packed(field, width, height) for field in found[:fields]] for name, found in sources.items()}
    return {"video": video.name, "partsPerPx": PARTS_PER_PX, "masked": MASKED, "quantizer": quantizer, "rate": rate, **kept}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("video", type=Path)
    parser.add_argument("--rate", type=int, required=True, help="pictures a second")
    parser.add_argument("--fields", type=int, default=4)
    parser.add_argument("--quantizer", type=int, default=4)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    recorded = record(options.video, options.quantizer, options.rate, options.fields)
    options.out.write_text(json.dumps(recorded, indent=2) + "\n")


if __name__ == "__main__":
    main()
