"""Which positions get a token, and what the merger reads; on weights that nobody trained."""

import pytest
import torch

from calibration import mean_tokens, threshold_for
from dynamic_tokenizer import CausalEncoder, DynamicTokenizerConfig, kept, masked_softmax, ranks
from token_value import values_of
from dynamic_visual import inherited, lattice, pooled, quadtree

SMALL = DynamicTokenizerConfig(width=16, heads=2, blocks=2, mlp_width=24, codes=8, code_dim=4)


def test_ranks_count_larger_scores_and_earlier_equals():
    scores = torch.tensor([[3.0, 5.0, 3.0, -1.0, 5.0]])
    assert ranks(scores).tolist() == [[2, 0, 3, 4, 1]]


def test_threshold_and_cap_both_bind():
    scores = torch.tensor([[3.0, 5.0, 3.0, -1.0], [0.0, 0.0, 0.0, 0.0]])
    keep = kept(scores, torch.tensor([2.0, -1.0]), torch.tensor([2.0, 3.0]))
    assert keep.tolist() == [[1, 1, 0, 0], [1, 1, 1, 0]]


def test_masked_softmax_is_a_softmax_of_what_is_let_through_and_even_where_nothing_is():
    scores = torch.randn(2, 3, 6, generator=torch.Generator().manual_seed(1))
    mask = torch.tensor([1.0, 0, 1, 1, 0, 0]).expand_as(scores).clone()
    mask[1] = 0
    weights = masked_softmax(scores, mask)
    wanted = scores[0][:, [0, 2, 3]].softmax(-1)
    assert torch.allclose(weights[0][:, [0, 2, 3]], wanted, atol=1e-5)
    assert (weights[0][:, [1, 4, 5]] < 1e-6).all()
    assert torch.allclose(weights[1], torch.full((3, 6), 1 / 6))


def merged(features: torch.Tensor, keep: torch.Tensor) -> torch.Tensor:
    torch.manual_seed(3)
    merger = CausalEncoder(SMALL)
    for block in merger.blocks:  # which begin as the identity
        for last in (block.token_causal_attn.proj, block.token_cross_attn.proj, block.mlp.fc2):
            torch.nn.init.normal_(last.weight)
    return merger(features, keep)


def test_a_kept_position_reads_kept_ones_before_it_and_dropped_ones_anywhere_but_no_kept_one_after_it():
    features = torch.randn(1, 6, 16, generator=torch.Generator().manual_seed(2))
    keep = torch.tensor([[1.0, 0, 1, 1, 0, 1]])
    plain = merged(features, keep)

    def changed(at: int) -> list[bool]:
        other = features.clone()
        other[0, at] += torch.randn(16, generator=torch.Generator().manual_seed(4))
        return [not torch.allclose(a, b, atol=1e-5) for a, b in zip(merged(other, keep)[0], plain[0], strict=True)]

    assert changed(3) == [False, False, False, True, True, True]
    assert all(changed(0))
    assert all(changed(4))  # a dropped one is read from everywhere


def test_lattices_nest():
    coarse, middle, fine = (lattice(16, 16, step) for step in (4, 2, 1))
    assert [int(grid.sum()) for grid in (coarse, middle, fine)] == [16, 64, 256]
    assert (middle >= coarse).all() and (fine >= middle).all()


def test_a_token_is_worth_the_error_that_it_takes_away():
    errors = [torch.full((1, 4, 4), value) for value in (0.5, 0.2, 0.1)]
    errors[2][0, 0, 0] = 0.2  # a fine token at the corner gains nothing
    values = values_of(errors).view(4, 4)
    assert values[0, 0] == values.min()
    # A position of the middle lattice refines four cells.
    assert torch.isclose(values[1, 1].sub(7).exp(), torch.tensor(4 * 0.3), rtol=1e-3)
    assert torch.isclose(values[0, 1].sub(7).exp(), torch.tensor(0.1), rtol=1e-3)


def test_the_threshold_gives_the_mean_number_of_tokens():
    scores = torch.randn(50, 256, generator=torch.Generator().manual_seed(5)) + torch.linspace(-2, 2, 50)[:, None]
    for tokens in (32, 128):
        assert abs(mean_tokens(scores, threshold_for(scores, tokens), 2 * tokens) - tokens) < 0.5
    assert mean_tokens(scores, threshold_for(scores, 256), 256) == 256


def test_a_kept_position_stands_for_the_dropped_ones_of_its_cells():
    keep = lattice(4, 4, 2).view(1, 1, 4, 4).clone()
    keep[0, 0, 1, 3] = 0  # its 2 x 2 falls to the anchor of the 4 x 4
    keep[0, 0, 0, 0] = 1
    numbers = torch.arange(16.0).view(1, 1, 4, 4)
    codes = inherited(numbers, keep)[0, 0]
    assert codes.tolist() == [[0, 5, 5, 5], [5, 5, 5, 5], [13, 13, 15, 15], [13, 13, 15, 15]]
    means = pooled(numbers, keep)[0, 0]
    assert means[0, 0] == 0
    assert means[1, 1] == pytest.approx((5 + 1 + 4 + 2 + 3 + 6 + 7) / 7)
    assert means[3, 1] == pytest.approx((8 + 9 + 12 + 13) / 4)


def test_where_all_positions_are_kept_none_stands_for_another():
    features = torch.randn(2, 3, 8, 8)
    keep = torch.ones(2, 1, 8, 8)
    assert torch.equal(pooled(features, keep), features)
    assert torch.equal(inherited(features, keep), features)


def test_a_quadtree_grows_from_the_anchors_block_by_block():
    values = torch.randn(3, 256, generator=torch.Generator().manual_seed(6))
    scores = quadtree(values)
    order = ranks(scores)
    anchors, middle = (lattice(16, 16, step) > 0 for step in (4, 2))
    assert (order[:, anchors] < 16).all()
    grid = scores.view(3, 16, 16)
    # The three that refine a 2 x 2 have one score, below that of the position that they refine.
    fine = torch.stack([grid[:, 0::2, 0::2], grid[:, 0::2, 1::2], grid[:, 1::2, 0::2]])
    assert (fine == fine[0]).all()
    assert (fine[0] < grid[:, 1::2, 1::2]).all()
    others = grid[:, 1::2, 1::2].flatten(1)[:, ~anchors.view(16, 16)[1::2, 1::2].flatten()]
    assert torch.unique(others[0]).numel() == 16
    assert scores.isfinite().all()
    wanted = values.view(3, 16, 16)[:, [0, 0, 1], [0, 1, 0]].exp().sum(1).log()
    assert torch.allclose(fine[0][:, 0, 0], wanted, atol=1e-4)
