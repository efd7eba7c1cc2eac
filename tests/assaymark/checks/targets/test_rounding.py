"""What is published of scores is coarse enough, and an interval stays an interval."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assaymark.checks.targets.changes import Draws, signed_change
from assaymark.checks.targets.rounding import coarse, significant, step_of


@pytest.mark.parametrize(
    ("unit", "rows", "step"),
    [(1.0, 100, 0.1), (1.0, 101, 0.1), (1.0, 400, 0.05), (1.0, 10**6, 0.001), (18_000.0, 900, 200.0), (0.5, 100, 0.05)],
)
def test_a_step_is_ten_rows_worth(unit, rows, step):
    assert step_of(unit, rows, 10) == step


@given(st.floats(1e-6, 1e9), st.integers(10, 10**7), st.integers(10, 100))
@settings(deadline=None, derandomize=True)
def test_a_step_is_never_smaller(unit, rows, small):
    step = step_of(unit, max(rows, small), small)
    least = unit * max(small / max(rows, small), 0.001)
    assert least * (1 - 1e-8) <= step <= 2.5 * least * (1 + 1e-8)


def test_significant_digits():
    assert (significant(17_834.2, 2), significant(0.001234, 2), significant(9.96, 2)) == (18_000.0, 0.0012, 10.0)


def test_every_published_number_is_on_the_grid_and_the_interval_holds_the_finer_one():
    rng = np.random.default_rng(0)
    draws = Draws(*(rng.normal(centre, 0.37, 2000) for centre in (1.234, 1.876, 1.2, 1.2)))
    fine = signed_change(1.2341, 1.8765, draws, 0.95)
    change = coarse(fine, 0.1)
    told = change.estimate
    assert (told.effect.real, told.synthetic, told.value) == (1.2, 1.9, 0.7)
    ends = [*told.effect.value, *told.effect.synthetic, *told.effect.growth, told.null]
    assert all(math.isclose(end / 0.05, round(end / 0.05), abs_tol=1e-9) for end in ends)
    assert told.effect.value[0] - told.value <= fine.estimate.effect.value[0] - fine.estimate.value
    assert told.effect.value[1] - told.value >= fine.estimate.effect.value[1] - fine.estimate.value
    assert told.null >= fine.estimate.null


def test_rows_that_differ_little_give_the_same_numbers():
    """Whoever knows all rows of a group but one learns nothing of that one, unless it is far from all others."""
    rng = np.random.default_rng(1)
    values = rng.normal(50, 10, 200)
    values += 50.0 - values.mean()
    told = set()
    for unknown in (45.0, 50.0, 55.0):
        real = float(np.mean([*values, unknown]))
        draws = Draws(*(np.full(10, real) for _ in range(4)))
        told.add(coarse(signed_change(real, real, draws, 0.95), step_of(10.0, 201, 10)).estimate.effect.real)
    assert len(told) == 1
