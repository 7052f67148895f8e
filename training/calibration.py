"""How large a threshold on the scores gives how many tokens in the mean."""

from torch import Tensor

from visual_model import GRID

POSITIONS = GRID * GRID
# Below every score.
EVERYTHING = -30.0


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
