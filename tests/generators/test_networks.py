"""The network over rows: what neighbouring codes share while it learns, and how it settles."""

from __future__ import annotations

import torch

from assaymark.networks import RowNetwork, RowShape


def network(ordered):
    made = RowNetwork(RowShape((5, 30, 2), 16, 1, 3, 3), torch.Generator().manual_seed(0))
    codes = torch.stack([torch.arange(60) % 5, torch.arange(60) % 30, torch.arange(60) % 2], dim=1)
    made.begin(codes, ordered, torch.Generator().manual_seed(1))
    return made, codes


def outputs(made, codes):
    return made(torch.ones(len(codes), 3), codes, torch.zeros(1))


def test_a_settled_network_gives_what_it_gave_before():
    made, codes = network([False, True, True])
    with torch.no_grad():
        for parameter in made.ranks.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(2)))
    numbers, logits = outputs(made, codes)
    made.settle()
    assert made.ranks is None
    again, settled = outputs(made, codes)
    assert torch.allclose(numbers, again, atol=1e-4)
    assert all(torch.allclose(a, b, atol=1e-4) for a, b in zip(logits, settled, strict=True))
    features = made.features(torch.ones(60, 3), codes, torch.zeros(1))
    assert torch.allclose(made.logits(features, 1), settled[1], atol=1e-5)


def test_neighbours_learn_from_each_other_and_others_do_not():
    for ordered, moves in ((True, True), (False, False)):
        made, codes = network([False, ordered, False])
        before = [logit.detach() for logit in outputs(made, codes)[1]]
        optimiser = torch.optim.SGD(made.parameters(), lr=0.5)
        shown = codes[codes[:, 1] == 14]
        torch.nn.functional.cross_entropy(outputs(made, shown)[1][0], torch.full((len(shown),), 3)).backward()
        with torch.no_grad():
            for name, parameter in made.named_parameters():  # only what codes have of their own, or share
                if name not in {"codes", "ranks.into"}:
                    parameter.grad = None
        optimiser.step()
        after = [logit.detach() for logit in outputs(made, codes)[1]]
        beside = codes[:, 1] == 15
        shift = (after[0] - before[0]).abs()
        same = shown[:, 0][:, None] == codes[beside][:, 0]  # the code of an unordered column that both rows have
        assert not same.any()
        assert bool(shift[beside].max() > 1e-6) == moves


def test_a_column_without_order_shares_nothing():
    assert network([False, False, True])[0].ranks is None
