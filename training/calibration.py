"""How large a threshold on the scores gives how many tokens in the mean."""

import torch
from torch import Tensor

from visual_model import GRID, KeyframeTokenizer

POSITIONS = GRID * GRID
BUDGETS = (24, 32, 48, 64, 80, 96, 112, 128, 144, 160, 192, 224, 240, 248, 256)
# Below every score.
EVERYTHING = -30.0


@torch.no_grad()
def scores_of(model: KeyframeTokenizer, pictures: Tensor) -> Tensor:
    """The scores [N, 256] of whole keyframes [N, 3, 256, 256]."""
    return torch.cat([model.scores(model.features(part)) for part in pictures.split(4)])


def mean_tokens(scores: Tensor, threshold: float, cap: int) -> float:
    """Tokens a keyframe in the mean."""
    return (scores > threshold).sum(1).clamp(max=cap).double().mean().item()


def threshold_for(scores: Tensor, tokens: int) -> float:
    """The threshold at which keyframes have `tokens` tokens in the mean, none more than twice as many."""
    if tokens >= POSITIONS:
        return EVERYTHING
    cap, low, high = min(POSITIONS, 2 * tokens), -50.0, 50.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if mean_tokens(scores, middle, cap) > tokens else (low, middle)
    return round(high, 4)


def calibration(scores: Tensor) -> list[dict[str, float]]:
    """The manifest's table: tokens ascending, thresholds descending."""
    return [{"tokens": tokens, "threshold": threshold_for(scores, tokens)} for tokens in BUDGETS]
