"""Adjusted p-values against their definitions and against simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from assaymark.statistics.multiplicity import benjamini_hochberg, beyond_margin, holm

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=30)


def _holm_by_definition(p, alpha):
    """Reject in order of size while p is at most alpha over what is left."""
    rejected = np.zeros(len(p), dtype=bool)
    for step, place in enumerate(np.argsort(p, kind="stable")):
        if p[place] > alpha / (len(p) - step):
            break
        rejected[place] = True
    return rejected


@given(P_VALUES, st.sampled_from([0.01, 0.05, 0.2]))
def test_holm_rejects_what_its_definition_rejects(p, alpha):
    adjusted = holm(p)
    clear = np.abs(adjusted - alpha) > 1e-12  # rounding decides at equality
    assert np.array_equal((adjusted <= alpha)[clear], _holm_by_definition(np.array(p), alpha)[clear])


def test_holm_of_known_values():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_benjamini_hochberg_of_known_values():
    assert benjamini_hochberg([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.02, 0.04, 0.04, 0.02])
    assert len(benjamini_hochberg([])) == 0


@given(P_VALUES)
def test_adjusting_never_makes_a_value_smaller(p):
    for adjust in (holm, benjamini_hochberg):
        assert (adjust(p) >= np.array(p) - 1e-12).all()


def test_holm_bounds_the_chance_of_any_false_rejection():
    """Naively 20 true hypotheses give a false alarm in 64% of audits."""
    p = np.random.default_rng(0).random((4000, 20))
    any_naive = (p.min(axis=1) <= 0.05).mean()
    any_holm = np.mean([(holm(row) <= 0.05).any() for row in p])
    assert any_naive > 0.6
    assert any_holm <= 0.06


def test_the_p_value_of_an_interval():
    assert beyond_margin(0.5, 0.5 - 1.959964 * 0.1, 0.2, 0.95) == pytest.approx(norm.sf(3), rel=1e-4)
    assert beyond_margin(0.5, 0.2, 0.2, 0.95) == pytest.approx(0.025)
    assert beyond_margin(0.3, 0.3, 0.2, 0.95) == 0
    assert beyond_margin(0.1, 0.1, 0.2, 0.95) == 1
