"""Power by the number of rows: how often an amplification of twice the margin is found, beside what theory gives."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from assaymark.checks.bias import panel
from assaymark.results.findings import Outcome

DIFFERENCE = "bias.demographic_parity_difference"
RATES = {"Female": 0.109, "Male": 0.306}  # Adult
SHARES = {"Female": 0.331, "Male": 0.669}
RUNS = 300


def drawn(rows: int, rng: np.random.Generator, growth: float = 0.0) -> dict[str, tuple[int, int]]:
    members = dict(zip(SHARES, rng.multinomial(rows, list(SHARES.values())), strict=True))
    hits = {g: int(rng.binomial(n, RATES[g] + (growth if g == "Male" else 0.0))) for g, n in members.items()}
    return {g: (int(members[g]) - hits[g], hits[g]) for g in members}


def expected(rows: int, margin: float) -> float:
    """Return the power of holding a normal interval of the change against the margin, the change being twice the margin."""
    changed = RATES | {"Male": RATES["Male"] + 2 * margin}
    error = np.sqrt(sum(p * (1 - p) / (SHARES[g] * rows) for table in (RATES, changed) for g, p in table.items()))
    return float(norm.cdf(margin / error - norm.ppf(0.975)))


@pytest.mark.parametrize(("rows", "least"), [(19_537, 0.0), (32_561, 0.8), (100_000, 0.99)])
def test_twice_the_margin_is_found(check_input, pick, policy, rows, least):
    margin = policy.margin(DIFFERENCE)
    found = 0
    for seed in range(RUNS):
        rng = np.random.default_rng(seed)
        tables = drawn(rows, rng), drawn(rows, rng, 2 * margin), drawn(rows // 2, rng)
        data = check_input(*tables, seed=seed, draws=1000)
        found += pick(list(panel.check(data)), DIFFERENCE).outcome is Outcome.AMPLIFIED
    share, theory = found / RUNS, expected(rows, margin)
    print(f"\n{rows:,} rows: found in {share:.1%} of {RUNS}; theory {theory:.1%}")
    assert share == pytest.approx(theory, abs=4 * np.sqrt(theory * (1 - theory) / RUNS) + 0.02)
    assert share > least
