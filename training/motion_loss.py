"""What the motion tokenizer is trained on, and the figures that a checkpoint is judged by."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from motion_chunks import Chunks
from motion_units import SURE_LOGIT, denormalize, in_px, moving_cells, normalize, worth
from warping import warp

# Mean squared error of a decoded keyframe, 24 dB: what is better than that is not worth tokens.
KEYFRAME_ERROR = 0.004
FLAT_WEIGHT = 0.15  # of a vector that nobody sees, beside one in structure
UNITS_LIMIT = 5.0  # asinh(0.15 / 0.002)
STILL_PX = 0.25  # of the vector: below, a cell is still
FALSE_PX = 0.5  # of what is decoded there: above, it is false motion
NOISE_PX = 1.0  # added, squared, to a chunk's mean square: where less moves, vectors are mostly noise


@dataclass(frozen=True)
class Weights:
    """The terms of the loss."""

    warp: float = 2.0
    fitted: float = 0.4
    codec: float = 0.1
    still: float = 0.1
    gate: float = 0.3
    commitment: float = 2.0


def masked_mean(values: Tensor, weight: Tensor) -> Tensor:
    return (values * weight).sum() / weight.expand_as(values).sum().clamp(min=1)


def blurred(picture: Tensor) -> Tensor:
    """A picture as soft as a decoded keyframe: 1 2 1 in both directions."""
    kernel = torch.tensor([1.0, 2.0, 1.0], device=picture.device) / 4
    padded = F.pad(picture, (1, 1, 1, 1), mode="replicate")
    return F.conv2d(padded, (kernel[:, None] * kernel).view(1, 1, 3, 3))


ALL_TICKS = range(8)


def warped_error(motion: Tensor, chunks: Chunks, ticks: range = ALL_TICKS) -> Tensor:
    """Mean squared error of the pictures that the motion makes of the chunk's first one: [N, ticks]."""
    made = warp(blurred(chunks.luma[:, :1]), motion, ticks)
    return (made - chunks.luma[:, 1:][:, ticks.start :: ticks.step]).square().mean((2, 3))


def decibels_lost(errors: Tensor, chunks: Chunks, ticks: range = ALL_TICKS) -> Tensor:
    """The mean of log(error) over the pictures of a chunk that are not padding, in units of 10 dB."""
    shown = chunks.mask.flatten(3).any(3)[:, 0, ticks.start :: ticks.step].to(errors.dtype)
    return ((errors + KEYFRAME_ERROR).log10() * shown).sum() / shown.sum().clamp(min=1)


def bounded(units: Tensor) -> Tensor:
    """Units to fractions, no more than 0.15 of the picture, so that a wild output has a bounded gradient."""
    return denormalize(units.clamp(-UNITS_LIMIT, UNITS_LIMIT))


def opened(units: Tensor, logit: Tensor) -> Tensor:
    """Motion in fractions behind the gate, which is hard as at inference and has the gradient of a soft one."""
    soft, hard = torch.sigmoid(logit), (logit > SURE_LOGIT).to(units.dtype)
    return bounded(units * (hard + soft - soft.detach()))


def unexplained(motion: Tensor, chunks: Chunks) -> Tensor:
    """Sum |v - v^|^2 / sum |v|^2 of the codec's vectors, mean over chunks; 1 for no motion at all."""
    error = (in_px(motion - chunks.motion).square() * chunks.mask).flatten(1).sum(1)
    energy = (in_px(chunks.motion).square() * chunks.mask).flatten(1).sum(1)
    return (error / (energy + NOISE_PX**2 * chunks.mask.flatten(1).sum(1) + 1e-6)).mean()


def held_loss(chunks: Chunks, ticks: range = ALL_TICKS) -> Tensor:
    """What `decibels_lost` is where the chunk's first picture is held."""
    held = blurred(chunks.luma[:, :1]) - chunks.luma[:, 1:][:, ticks.start :: ticks.step]
    return decibels_lost(held.square().mean((2, 3)), chunks, ticks)


def motion_loss(
    units: Tensor, logit: Tensor, chunks: Chunks, weights: Weights, ticks: range = ALL_TICKS, has_gate: bool = True
) -> dict[str, Tensor]:
    """The weighted terms by name; the pictures of `ticks` alone are made. Without a gate everything moves: one that closes
    before the codes say anything hides the pictures' gradient from them.

    `warp`: how far the pictures that the motion makes are from the true ones. `fitted`: Huber on asinh and L1 against the
    fitted motion, by how well it can be seen. `codec`: the share of the codec's vectors left unexplained. `gate`: whether a
    cell moves, by the pictures where they show it and by the codec where they are flat. `still`: false motion where the
    codec and the pictures agree that nothing moves."""
    seen = worth(chunks.small_luma)
    target = normalize(chunks.fitted)
    fit_moves = moving_cells(chunks.fitted).to(units.dtype)
    codec_moves = moving_cells(chunks.motion).to(units.dtype)
    any_moves = torch.maximum(fit_moves, codec_moves)
    motion = opened(units, logit) if has_gate else bounded(units)

    huber = F.smooth_l1_loss(units, target, beta=0.3, reduction="none") + 10 * (bounded(units) - chunks.fitted).abs()
    visible = FLAT_WEIGHT + (1 - FLAT_WEIGHT) * seen
    gate_target = seen * fit_moves + (1 - seen) * codec_moves
    gate = F.binary_cross_entropy_with_logits(logit, gate_target, reduction="none")
    length = in_px(motion).abs().amax(1, keepdim=True)
    agreed = chunks.mask * (1 - codec_moves) * (1 - fit_moves * seen)
    return {
        "warp": weights.warp * decibels_lost(warped_error(motion, chunks, ticks), chunks, ticks),
        "fitted": weights.fitted * masked_mean(huber, visible * (0.2 + 0.8 * any_moves)),
        "codec": weights.codec * unexplained(motion, chunks),
        "gate": weights.gate * masked_mean(gate, chunks.mask),
        "still": weights.still * ((length - STILL_PX).clamp(0, 2) * agreed).sum() / chunks.mask.sum().clamp(min=1),
    }


def explained(output: Tensor, motion: Tensor, mask: Tensor) -> float:
    """1 - sum|v - v^|^2 / sum|v|^2 over valid cells, in px."""
    error = (in_px(output - motion).square() * mask).sum()
    return float(1 - error / (in_px(motion).square() * mask).sum().clamp(min=1e-9))


def false_motion(output: Tensor, motion: Tensor, mask: Tensor) -> tuple[float, float]:
    """Cells with a vector below 0.25 px that were decoded as more than 0.5 px: of such cells, and of all with a vector."""
    still = mask.bool() & (in_px(motion).square().sum(1, keepdim=True) < STILL_PX**2)
    wrong = (still & (in_px(output).square().sum(1, keepdim=True) > FALSE_PX**2)).sum()
    return float(wrong / still.sum().clamp(min=1)), float(wrong / mask.sum().clamp(min=1))
