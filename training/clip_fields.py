"""The motion fields of a clip on the pack's clock, from either of the server's two motion sources."""

import numpy as np

from codec import FIELDS_PER_SECOND, Coding, Decoded, decode, encode, size_of, to_frame
from motion_fields import to_field
from scaler import squash_planes

REENCODED_SIZE = (576, 320)  # (width, height), as the pack's manifest states it

Field = tuple[np.ndarray, np.ndarray]  # float32 [2, 20, 36], fractions, and its mask bool [20, 36]


def ticks_of(pictures: int, rate: int) -> list[int]:
    """The last of so many pictures at or before each tick that they reach."""
    return [tick * rate // FIELDS_PER_SECOND for tick in range((pictures - 1) * FIELDS_PER_SECOND // rate + 1)]


def reencoded_fields(shown: list[np.ndarray], coding: Coding) -> list[Field]:
    """Motion from a second encode of the pictures that the ticks show, at the pack's size."""
    packets = encode([squash_planes(to_frame(picture), *REENCODED_SIZE) for picture in shown], coding)
    return [to_field([decoded.vectors], *REENCODED_SIZE) for decoded in decode(packets, coding)[1:]]


def received_fields(decoded: list[Decoded], rate: int) -> list[Field]:
    """Motion from the vectors that came with the pictures, composed from one tick to the next."""
    width, height = size_of(decoded[0].picture)
    ticks = ticks_of(len(decoded), rate)
    spans = [decoded[before + 1 : now + 1] for before, now in zip(ticks, ticks[1:])]
    return [to_field([each.vectors for each in span], width, height) for span in spans]
