"""Sizes and forms of the motion tokenizer: Video-LaVIT's own, and the small pack's."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Stage:
    """One stage of the encoder: blocks, then a convolution with this stride; the decoder mirrors it."""

    blocks: int
    stride: tuple[int, int, int]  # fields, rows, columns


@dataclass(frozen=True)
class MotionConfig:
    """A motion tokenizer over `fields` x `rows` x `columns` cells."""

    fields: int
    rows: int
    columns: int
    inputs: int  # channels of a cell that the encoder reads
    outputs: int  # channels of a cell that the decoder writes
    widths: tuple[int, ...]  # channels at each scale, from the cells to the tokens
    stages: tuple[Stage, ...]
    head_width: int
    mlp_ratio: int
    codes: int
    code_dim: int
    # A field sees none after it: other pads of the convolutions and a mask over time, same weights and names.
    causal: bool = False
    # The encoder reads the fields of the chunk before as channels beside the present ones, the decoder its codes.
    context: bool = False
    # What is too shallow to tell places apart by zero pads alone gets positions in the decoder, a GELU for a stage without
    # blocks, and a linear way from the cells behind a token to it and back, which learns fast.
    shallow: bool = False

    def scale(self, index: int) -> tuple[int, int, int]:
        """Fields, rows and columns in front of stage `index`; behind the last stage, of the tokens."""
        size = (self.fields, self.rows, self.columns)
        for stage in self.stages[:index]:
            size = tuple(length // stride for length, stride in zip(size, stage.stride))
        return size

    @property
    def token_stage(self) -> int:
        """The first stage that sees the scale of the tokens."""
        return next(index for index in range(len(self.stages)) if self.scale(index) == self.tokens)

    @property
    def patch(self) -> tuple[int, int, int]:
        """Fields, rows and columns of the cells behind a token."""
        t, h, w = self.tokens
        return self.fields // t, self.rows // h, self.columns // w

    @property
    def cells_per_token(self) -> int:
        over_t, over_h, over_w = self.patch
        return over_t * over_h * over_w

    @property
    def tokens(self) -> tuple[int, int, int]:
        """Tokens over time, rows and columns."""
        return self.scale(len(self.stages))


def _stages(*blocks: int) -> tuple[Stage, ...]:
    strides = ((1, 2, 2), (2, 1, 1), (2, 1, 1), (2, 2, 2))
    return tuple(Stage(count, stride) for count, stride in zip(blocks, strides, strict=True))


# arXiv 2402.03161, appendix A: 24 fields become 3 x 5 x 9 tokens.
FULL = MotionConfig(
    fields=24,
    rows=20,
    columns=36,
    inputs=2,
    outputs=2,
    widths=(512,) * 5,
    stages=_stages(3, 3, 3, 3),
    head_width=64,
    mlp_ratio=4,
    codes=1024,
    code_dim=32,
)

# The same weights, usable while the clip still arrives: 8 fields at a time are settled.
FULL_CAUSAL = replace(FULL, causal=True)

# 8 fields become 5 x 9 tokens. Inputs: fitted and codec's motion, mask, worth, then motion and mask of the chunk before
# and whether there is one; outputs: motion and the logit that a cell moves.
SMALL = MotionConfig(
    fields=8,
    rows=20,
    columns=36,
    inputs=10,
    outputs=3,
    widths=(16, 32, 64, 96, 192, 192),
    stages=(*_stages(0, 0, 0, 1), Stage(2, (1, 1, 1))),
    head_width=32,
    mlp_ratio=4,
    codes=1024,
    code_dim=16,
    causal=True,
    context=True,
    shallow=True,
)
