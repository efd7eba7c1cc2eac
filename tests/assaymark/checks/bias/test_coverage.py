"""The intervals of the panel hold their nominal level: 95% of them cover what the measure truly is."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from assaymark.checks.bias import panel, rates, strata

ROWS, SCALE, TABLES = 4000, 10**9, 800
CELLS = [(group, dept) for group in "ABC" for dept in "xy"]
# groups lie far enough apart that each table picks the same pair, the same signs and the same over-represented groups: what
# is chosen in real is no longer random then, and a measure is one and the same thing in all tables
SHARES = {"real": [0.25, 0.15, 0.2, 0.2, 0.1, 0.1], "synthetic": [0.21, 0.19, 0.23, 0.17, 0.1, 0.1]}
RATES = {"real": [0.3, 0.17, 0.75, 0.65, 0.5, 0.56], "synthetic": [0.22, 0.18, 0.82, 0.76, 0.54, 0.57]}
# the absolute changes have no truth apart from their own mean, because what is taken off them is a mean too
OWN_MEAN = "bias.multi_attribute_amplification"


def shares(name):
    p, w = np.array(RATES[name]), np.array(SHARES[name])
    return np.stack([w * (1 - p), w * p], axis=-1)


def by_cell(counts):
    return {cell: (int(rest), int(positive)) for cell, (rest, positive) in zip(CELLS, counts, strict=True)}


def by_group(counts):
    return {group: tuple(map(int, counts[2 * i : 2 * i + 2].sum(axis=0))) for i, group in enumerate("ABC")}


def key(finding):
    return finding.id, *(str(finding.scope[name]) for name in ("group", "against", "direction") if name in finding.scope)


@pytest.fixture(scope="module")
def found(check_input):
    """Effects with their intervals over many pairs of tables, and the effects of the distributions themselves."""

    def measured(real, synthetic, seed, draws):
        data = check_input(
            by_group(real),
            by_group(synthetic),
            strata={"dept": (by_cell(real), by_cell(synthetic))},
            references={"sex": "A"},
            seed=seed,
            draws=draws,
        )
        for finding in panel.check(data):
            if finding.ci is not None:
                yield key(finding), (finding.value, *finding.ci)
            if finding.id == rates.DIFFERENCE:
                part = finding.detail["base_rate"]
                yield ("due_to_association",), (part["due_to_association"], *part["due_to_association_ci"])

    truth = dict(measured(*(np.round(shares(name) * SCALE).astype(np.int64) for name in SHARES), 0, 1000))
    drawn = defaultdict(list)
    for seed in range(TABLES):
        rng = np.random.default_rng([7, seed])
        real, synthetic = (rng.multinomial(ROWS, shares(name).ravel()).reshape(-1, 2) for name in SHARES)
        for name, ends in measured(real, synthetic, seed, 1000):
            drawn[name].append(ends)
    return {name: (truth[name][0], np.array(ends)) for name, ends in drawn.items()}


@pytest.mark.slow
def test_intervals_cover(found):
    low = {}
    for name, (truth, ends) in found.items():
        target = ends[:, 0].mean() if name[0] == OWN_MEAN else truth
        share = float(np.mean((ends[:, 1] <= target) & (target <= ends[:, 2])))
        assert len(ends) == TABLES, name
        if not 0.93 <= share <= 0.97:
            low[name] = share
    assert low == {}
    assert {strata.DISPARITY, OWN_MEAN, "bias.mals", "bias.cramers_v"} <= {name[0] for name in found}


@pytest.mark.slow
def test_estimates_have_little_bias(found):
    for name, (truth, ends) in found.items():
        if name[0] != OWN_MEAN:
            assert abs(ends[:, 0].mean() - truth) < 0.15 * ends[:, 0].std() + 4 * ends[:, 0].std() / TABLES**0.5, name
