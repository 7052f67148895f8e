"""How a codebook begins, follows and is told."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from onnx_graph import SURE_GAP, sure_ids
from quantizer import CodebookFollower, CodebookStart, VectorQuantizer, perplexity, resumed_step

CODES, DIM = 8, 4


def unit_vectors(count: int, seed: int) -> Tensor:
    return F.normalize(torch.randn(count, DIM, generator=torch.Generator().manual_seed(seed)), dim=1)


def around(centers: Tensor, each: int) -> Tensor:
    near = centers.repeat(each, 1)
    return F.normalize(near + 0.02 * torch.randn(near.shape, generator=torch.Generator().manual_seed(5)), dim=1)


def distortion(quantizer: VectorQuantizer, vectors: Tensor) -> float:
    return float(quantizer(vectors)[2].mean())


def test_a_codebook_is_made_of_the_last_batches_when_the_steps_without_one_are_over() -> None:
    torch.manual_seed(2)
    quantizer = VectorQuantizer(CODES, DIM)
    start, before = CodebookStart(CodebookFollower(quantizer), steps=5, batches=2), quantizer.codebook.clone()
    early, late = around(unit_vectors(3, seed=1), 40), around(unit_vectors(4, seed=2), 40)
    for step, vectors in enumerate([early, early, early, late]):
        start.take_in(vectors, step)
        assert torch.equal(quantizer.codebook, before)
    start.take_in(late, 4)
    assert distortion(quantizer, late) < 0.01 < distortion(quantizer, early)


@pytest.mark.parametrize("saved,expected", [(2, 2), (3, 3), (4, 3), (5, 5), (9, 9)])
def test_a_resumed_run_gathers_anew_what_its_codebook_is_made_of(saved: int, expected: int) -> None:
    assert resumed_step(saved, steps=5, batches=2) == expected


def test_codes_follow_the_vectors_that_choose_them_and_unused_ones_move_to_where_vectors_are() -> None:
    torch.manual_seed(3)
    quantizer = VectorQuantizer(CODES, DIM)
    quantizer.codebook.copy_(unit_vectors(1, seed=9).expand(CODES, -1))
    follower, vectors = CodebookFollower(quantizer), around(unit_vectors(6, seed=4), 20)
    before = distortion(quantizer, vectors)
    for _ in range(600):
        follower.follow(vectors, quantizer(vectors)[1])
    assert distortion(quantizer, vectors) < before / 10
    assert perplexity(quantizer(vectors)[1], CODES) > 4


def error_after_noisy_batches(pace: float) -> float:
    """How far a code ends from the mean of the vectors that it follows, a few of them in each batch."""
    torch.manual_seed(7)
    quantizer, mean = VectorQuantizer(1, DIM), unit_vectors(1, seed=8)
    quantizer.codebook.copy_(mean)
    follower = CodebookFollower(quantizer)
    follower.settle(pace)
    errors = []
    for _ in range(400):
        follower.follow(F.normalize(mean + 0.3 * torch.randn(2, DIM), dim=1), torch.zeros(2, dtype=torch.long))
        errors.append(float((quantizer.codebook - mean).square().sum()))
    return sum(errors) / len(errors)


def test_codes_settle_as_the_pace_falls_down_to_a_tenth() -> None:
    fast, slow, slowest = (error_after_noisy_batches(pace) for pace in (1.0, 0.3, 0.1))
    assert slowest < slow < fast / 2
    assert error_after_noisy_batches(0.0) == slowest


def test_straight_through_gradients_pass_the_codes() -> None:
    quantizer = VectorQuantizer(CODES, DIM)
    vectors = unit_vectors(3, seed=6).requires_grad_()
    codes, ids, _ = quantizer(vectors)
    codes.sum().backward()
    assert torch.allclose(codes.detach(), quantizer.codebook[ids], atol=1e-6)
    assert torch.allclose(vectors.grad, torch.ones(3, DIM))


def test_an_id_is_sure_where_the_second_best_code_is_further_than_the_gap() -> None:
    codebook = torch.eye(DIM)
    between = F.normalize(torch.tensor([[1.0, 1.0 - SURE_GAP / 4, 0, 0]]), dim=1)
    assert sure_ids(torch.cat([codebook[:1], between]), codebook) == "10"


@pytest.mark.parametrize("ids,expected", [([0, 0, 0, 0], 1), ([0, 1, 2, 3], 4), ([0, 0, 1, 1], 2)])
def test_perplexity_counts_codes_in_effective_use(ids: list[int], expected: float) -> None:
    assert perplexity(torch.tensor(ids), CODES) == pytest.approx(expected)
