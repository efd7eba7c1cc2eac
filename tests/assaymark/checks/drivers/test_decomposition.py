"""The decomposition against its definition, and against a textbook's numbers."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from assaymark.checks.drivers.decomposition import decompose
from assaymark.checks.drivers.pooling import merge, pooled_levels

COUNTS = (
    st.integers(1, 6)
    .flatmap(lambda levels: st.tuples(*(arrays(np.int64, (levels, 2, 2), elements=st.integers(0, 50)) for _ in range(2))))
    .filter(lambda pair: all((counts.sum(axis=(0, 2)) > 0).all() for counts in pair))
)


def difference(counts):
    rows = counts.sum(axis=0)
    p = rows[:, 1] / rows.sum(axis=1)
    return p[0] - p[1]


@settings(deadline=None)
@given(COUNTS)
def test_all_parts_add_up_to_the_change(pair):
    real, synthetic = pair
    parts = decompose(real, synthetic)
    assert parts.composition.sum() + parts.rate.sum() == pytest.approx(difference(synthetic) - difference(real), abs=1e-12)


@settings(deadline=None)
@given(COUNTS)
def test_each_part_turns_its_sign_when_the_tables_are_swapped(pair):
    there, back = decompose(*pair), decompose(*reversed(pair))
    assert there.composition == pytest.approx(-back.composition, abs=1e-12)
    assert there.rate == pytest.approx(-back.rate, abs=1e-12)


def test_parts_are_the_shapley_value_of_two_factors():
    """Switch composition and rates from real to synthetic in either order, and take the mean of what each switch changes."""
    rng = np.random.default_rng(0)
    real, synthetic = rng.integers(5, 60, (2, 4, 2, 2))
    share, rate = ([c.sum(-1) / c.sum((0, 2)) for c in (real, synthetic)], [c[..., 1] / c.sum(-1) for c in (real, synthetic)])

    def gap(composition, rates):
        p = (share[composition] * rate[rates]).sum(axis=0)
        return p[0] - p[1]

    gains = {"composition": 0.0, "rate": 0.0}
    for order in permutations(gains):
        state = {"composition": 0, "rate": 0}
        for factor in order:
            before = gap(state["composition"], state["rate"])
            state[factor] = 1
            gains[factor] += (gap(state["composition"], state["rate"]) - before) / 2
    parts = decompose(real, synthetic)
    assert parts.composition.sum() == pytest.approx(gains["composition"], abs=1e-12)
    assert parts.rate.sum() == pytest.approx(gains["rate"], abs=1e-12)


def test_a_known_table():
    """Women move from a level paid in half of cases to one never paid, men stay: it is all composition, and all hers."""
    real = np.array([[[50, 50], [50, 50]], [[100, 0], [100, 0]]])
    synthetic = np.array([[[50, 50], [25, 25]], [[100, 0], [150, 0]]])
    parts = decompose(real, synthetic)
    assert parts.rate == pytest.approx(np.zeros((2, 2)), abs=1e-12)
    assert parts.composition[:, 0] == pytest.approx([0, 0], abs=1e-12)
    assert parts.composition.sum() == pytest.approx(0.125)
    # her mean rate is (0.25 + 0.125) / 2: the level above it and the level below it share the change by their distances
    assert parts.composition[:, 1] == pytest.approx([0.25 * (0.5 - 0.1875), 0.25 * 0.1875])


def test_a_level_that_only_one_table_has_is_composition():
    real = np.array([[[50, 50], [50, 50]], [[50, 10], [50, 10]]])
    synthetic = np.array([[[0, 0], [50, 50]], [[50, 10], [50, 10]]])
    parts = decompose(real, synthetic)
    assert parts.rate[0, 0] == 0
    assert parts.composition[0, 0] < 0


LEVELS = st.integers(1, 8).flatmap(
    lambda n: arrays(np.int64, (n, 2, 2), elements=st.sampled_from([0, 1, 5, 9, 10, 11, 40, 300]))
)


@settings(deadline=None)
@given(LEVELS)
def test_no_cell_under_ten_is_told_apart(real):
    present = np.ones(len(real), dtype=bool)
    place = pooled_levels(real, present, 10)
    if place is None:
        return
    told = merge(real, place)
    assert told.min() >= 10
    assert told.sum() == real.sum()
    assert len(told) >= 2
    sizes = np.bincount(place)
    assert (sizes[:-1] == 1).all()
    if (real < 10).any():
        assert sizes[-1] >= 2


def test_a_single_small_level_takes_the_smallest_of_the_others_along():
    real = np.array([[[90, 90], [90, 90]], [[3, 20], [20, 20]], [[50, 50], [50, 50]], [[70, 70], [70, 70]]])
    assert pooled_levels(real, np.ones(4, dtype=bool), 10).tolist() == [0, 2, 2, 1]
    assert pooled_levels(real[:2], np.ones(2, dtype=bool), 10) is None
    assert pooled_levels(real[:1], np.ones(1, dtype=bool), 10) is None


def test_a_level_that_only_synthetic_rows_have_does_not_stand_alone():
    """Else its part would tell that real has none of it, or only a few."""
    real = np.array([[[90, 90], [90, 90]], [[0, 0], [0, 0]], [[50, 50], [50, 50]], [[0, 0], [0, 0]]])
    present = np.array([True, True, True, False])
    assert pooled_levels(real, present, 10).tolist() == [0, 1, 1, -1]
    assert pooled_levels(real[:2], present[:2], 10) is None
