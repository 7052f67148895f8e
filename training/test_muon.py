"""The optimizer of matrices."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from muon import Optimizers, orthogonal


@pytest.mark.parametrize("shape", [(16, 16), (24, 96), (96, 24)])
def test_singular_values_come_near_to_one(shape: tuple[int, int]) -> None:
    values = torch.linalg.svdvals(orthogonal(torch.randn(shape, generator=torch.Generator().manual_seed(1))))
    assert values.min() > 0.3 and values.max() < 1.3


def test_directions_stay() -> None:
    u, _, v = torch.linalg.svd(torch.randn(16, 32, generator=torch.Generator().manual_seed(2)), full_matrices=False)
    strengths = torch.linspace(0.5, 2, 16)
    made = orthogonal(u * strengths @ v)
    assert F.cosine_similarity(made.flatten(), (u @ v).flatten(), dim=0) > 0.98


def test_matrices_and_the_rest_learn_and_go_on_from_a_state() -> None:
    torch.manual_seed(3)
    model = nn.Sequential(nn.Conv2d(16, 32, 3), nn.SiLU(), nn.Conv2d(32, 16, 1))
    x, wanted = torch.randn(8, 16, 6, 6), torch.randn(8, 16, 4, 4)
    optimizer = Optimizers(model, 0.01, weight_decay=0.0)
    assert [len(part.param_groups[0]["params"]) for part in optimizer.parts.values()] == [2, 2]

    def error() -> torch.Tensor:
        return (model(x) - wanted).square().mean()

    first = float(error())
    for _ in range(30):
        resumed = Optimizers(model, 0.01, weight_decay=0.0)
        resumed.load_state_dict(optimizer.state_dict())
        optimizer = resumed
        optimizer.set_rate(0.02)
        optimizer.zero_grad()
        error().backward()
        optimizer.step()
    assert float(error()) < first / 2
