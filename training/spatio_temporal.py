"""What the motion tokenizer is made of: blocks over space and time, and convolutions over both.

Maps are float32 [N, T, C, H, W]. Three-dimensional convolutions run as two-dimensional ones over stacked fields, which
is the same sum in another order and much faster on processors and in WebGPU; nearest upsampling in front of one is
taken into its kernels, so that nothing is computed twice.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from motion_config import Stage

TAPS = 3  # of every convolution, in each direction


class Attention(nn.Module):
    """Multi-head self-attention over the rows of [B, P, C]; keys have no bias."""

    def __init__(self, width: int, head_width: int):
        super().__init__()
        self.head_width = head_width
        self.q_bias = nn.Parameter(torch.zeros(width))
        self.v_bias = nn.Parameter(torch.zeros(width))
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor, hidden: Tensor | None = None) -> Tensor:
        """`hidden` [P, P] is added to the scores: -inf where a row must not look."""
        bias = torch.cat([self.q_bias, torch.zeros_like(self.q_bias), self.v_bias])
        heads = F.linear(x, self.qkv.weight, bias).unflatten(2, (3, -1, self.head_width))
        query, key, value = heads.permute(2, 0, 3, 1, 4).unbind(0)
        scores = (query * self.head_width**-0.5) @ key.transpose(2, 3)
        if hidden is not None:
            scores = scores + hidden
        return self.proj((scores.softmax(3) @ value).transpose(1, 2).flatten(2))


class Mlp(nn.Module):
    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x)))


class SpatioTemporalBlock(nn.Module):
    """Every cell reads its field, then its own place in the other fields, then thinks: [N, T, P, C]."""

    def __init__(self, width: int, head_width: int, mlp_ratio: int, causal: bool):
        super().__init__()
        self.causal = causal
        self.norm0 = nn.LayerNorm(width)
        self.spatial_attention = Attention(width, head_width)
        self.norm1 = nn.LayerNorm(width)
        self.temporal_attention = Attention(width, head_width)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = Mlp(width, mlp_ratio * width)

    def forward(self, x: Tensor) -> Tensor:
        _, fields, places, _ = x.shape
        x = x + self.spatial_attention(self.norm0(x).flatten(0, 1)).unflatten(0, (-1, fields))
        by_place = self.norm1(x).transpose(1, 2).flatten(0, 1)
        later = by_place.new_full((fields, fields), -torch.inf).triu(1) if self.causal else None
        x = x + self.temporal_attention(by_place, later).unflatten(0, (-1, places)).transpose(1, 2)
        return x + self.mlp(self.norm2(x))


def reading(taps: list[int], stride: int, steps: int, fields: int) -> list[int]:
    """Those of the taps, told by their offsets, that read any of the fields in some step: the others add nothing but zeros."""
    return [tap for tap in taps if any(0 <= stride * step + tap < fields for step in range(steps))]


def stacked(x: Tensor, taps: list[int], stride: int, steps: int) -> Tensor:
    """The fields that each of `steps` output fields reads, side by side in the channels: [N * steps, taps * C, H, W].

    Output field t reads stride * t + tap for each of the taps, which ascend; what is outside is zero."""
    span = stride * (steps - 1) + 1
    front = max(0, -taps[0])
    padded = F.pad(x, (0, 0, 0, 0, 0, 0, front, max(0, taps[-1] + span - x.shape[1])))
    starts = [tap + front for tap in taps]
    return torch.cat([padded[:, start : start + span : stride] for start in starts], 2).flatten(0, 1)


def flat_kernel(kernel: Tensor) -> Tensor:
    """[O, I, time, h, w] as the kernel over stacked fields [O, time * I, h, w]."""
    return kernel.transpose(1, 2).flatten(1, 2)


class Downsample(nn.Module):
    """A strided convolution over fields, rows and columns; pads of the reference, or causal ones over time."""

    def __init__(self, width_in: int, width_out: int, stage: Stage, causal: bool):
        super().__init__()
        self.stride = stage.stride
        self.front = (2 if causal else 1) if stage.stride[0] == 1 else (1 if causal else 0)
        self.conv = nn.Conv3d(width_in, width_out, TAPS)

    def forward(self, x: Tensor) -> Tensor:
        over_time, *over_space = self.stride
        steps = x.shape[1] // over_time
        taps = reading([tap - self.front for tap in range(TAPS)], over_time, steps, x.shape[1])
        kernel = self.conv.weight[:, :, taps[0] + self.front : taps[-1] + self.front + 1]
        pads = (1, 1, 1, 1) if over_space == [1, 1] else (0, 1, 0, 1)
        out = F.conv2d(F.pad(stacked(x, taps, over_time, steps), pads), flat_kernel(kernel), self.conv.bias, over_space)
        return out.unflatten(0, (-1, steps))


def collapse(scale: int, front: int) -> tuple[list[int], Tensor]:
    """A convolution of 3 taps, `front` of them in front, behind nearest upsampling by `scale`, as one over the small map.

    Returns the offsets of its taps on the small map and the sums [scale, offsets, 3] that make the kernel of each phase."""
    reads = [[(phase - front + tap) // scale for tap in range(TAPS)] for phase in range(scale)]
    offsets = sorted({offset for phase in reads for offset in phase})
    sums = torch.zeros(scale, len(offsets), TAPS)
    for phase, read in enumerate(reads):
        for tap, offset in enumerate(read):
            sums[phase, offsets.index(offset), tap] = 1
    return offsets, sums


def collapsed_kernels(weight: Tensor, scale: tuple[int, int, int], over_time: Tensor) -> list[Tensor]:
    """Kernels [phases over time * O, taps * I, h, w] of each phase in space, row-major. All-zero taps in space are left out."""
    if scale == (1, 1, 1):
        return [flat_kernel(weight[:, :, over_time[0].nonzero()[:, 1]])]
    _, over_rows = collapse(scale[1], 1)
    _, over_columns = collapse(scale[2], 1)
    timed = torch.einsum("ptk,oikhw->potihw", over_time.to(weight), weight).flatten(0, 1).flatten(1, 2)
    kernels = []
    for rows in over_rows:
        tall = torch.einsum("yh,oihw->oiyw", rows[rows.any(1)].to(weight), timed)
        kernels += [torch.einsum("xw,oiyw->oiyx", columns[columns.any(1)].to(weight), tall) for columns in over_columns]
    return kernels


def convolve_phases(x: Tensor, kernels: list[Tensor], bias: Tensor, scale: tuple[int, int, int], taps: list[int]) -> Tensor:
    """Runs the kernels of `collapsed_kernels` over the small map and lays their phases side by side."""
    fields = x.shape[1]
    padded = F.pad(stacked(x, taps, 1, fields), (1, 1, 1, 1))
    if len(kernels) == 1:
        out = F.conv2d(padded, kernels[0], bias)
    else:
        height, width = x.shape[-2:]
        phases = []
        for index, kernel in enumerate(kernels):
            y, right = divmod(index, 2)
            part = padded[:, :, y : y + height + 1, right : right + width + 1]
            phases.append(F.conv2d(part, kernel, bias))
        rows = [torch.stack(phases[at : at + 2], 4).flatten(3) for at in (0, 2)]
        out = torch.stack(rows, 3).flatten(2, 3)
    return out.unflatten(1, (scale[0], -1)).unflatten(0, (-1, fields)).flatten(1, 2)


class Upsample(nn.Module):
    """Nearest upsampling by a stage's stride, then a convolution over fields, rows and columns."""

    def __init__(self, width_in: int, width_out: int, stage: Stage, causal: bool):
        super().__init__()
        self.scale, self.front = stage.stride, 2 if causal else 1
        self.conv = nn.Conv3d(width_in, width_out, TAPS)

    def kernels(self, fields: int) -> tuple[list[Tensor], list[int]]:
        """The kernels of each phase over a map of so many fields, and their taps over time."""
        offsets, over_time = collapse(self.scale[0], self.front)
        taps = reading(offsets, 1, fields, fields)
        kept = over_time[:, [offsets.index(tap) for tap in taps]]
        return collapsed_kernels(self.conv.weight, self.scale, kept), taps

    def forward(self, x: Tensor) -> Tensor:
        kernels, taps = self.kernels(x.shape[1])
        return convolve_phases(x, kernels, self.conv.bias.repeat(self.scale[0]), self.scale, taps)

    def collapsed(self, fields: int) -> "CollapsedUpsample":
        """The form that is exported, for maps of so many fields."""
        return CollapsedUpsample(self, fields)


class CollapsedUpsample(nn.Module):
    """What `Upsample` computes, from kernels that have the repetition in them: one for each phase in space."""

    def __init__(self, layer: Upsample, fields: int):
        super().__init__()
        kernels, self.taps = layer.kernels(fields)
        self.scale, self.bias = layer.scale, nn.Parameter(layer.conv.bias.detach().repeat(layer.scale[0]))
        self.kernels = nn.ParameterList(kernel.detach().clone() for kernel in kernels)

    def forward(self, x: Tensor) -> Tensor:
        return convolve_phases(x, list(self.kernels), self.bias, self.scale, self.taps)
