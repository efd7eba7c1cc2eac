"""The smallest published count, from the published tables alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assaymark.checks.privacy import k_anonymity
from assaymark.results.findings import Outcome

GROUPS = {"f": (300, 40), "m": (500, 61)}


def only(findings):
    (found,) = findings
    return found


def test_the_smallest_count_of_real_people_is_told(check_input):
    found = only(k_anonymity.check(check_input(GROUPS, {"f": (3, 1), "m": (2, 0)}, {"f": (70, 33), "m": (90, 35)})))
    assert (found.real, found.outcome) == (33, Outcome.WITHIN)
    assert found.detail["published_counts"] == 8
    assert only(k_anonymity.check(check_input(GROUPS, GROUPS))).real == 40


def test_a_pool_counts_as_it_is_published(check_input):
    groups = {"a": (300, 40), "b": (20, 4), "c": (30, 7), "d": (400, 50)}
    data = check_input(groups, groups)
    real = data.cubes.scopes[0].real
    assert real.pooled is not None
    assert only(k_anonymity.check(data)).real == min(real.counts.min(), real.pooled.min()) >= 10


@pytest.mark.parametrize("name", ["real", "holdout"])
def test_a_small_count_exceeds(check_input, name):
    data = check_input(GROUPS, GROUPS, GROUPS)
    scope = data.cubes.scopes[0]
    counts = getattr(scope, name).counts.copy()
    counts[0, 1] = 9
    bad = replace(scope, **{name: replace(getattr(scope, name), counts=counts)})
    found = only(k_anonymity.check(replace(data, cubes=replace(data.cubes, scopes=(bad,)))))
    assert (found.real, found.outcome) == (9, Outcome.EXCEEDED)


def test_the_policy_says_how_small_is_too_small(check_input):
    stricter = check_input({"f": (300, 60), "m": (500, 61)}, GROUPS, small_cell=50)
    assert only(k_anonymity.check(stricter)).outcome is Outcome.WITHIN
    assert (
        only(k_anonymity.check(replace(stricter, policy=replace(stricter.policy, small_cell=61)))).outcome is Outcome.EXCEEDED
    )


def test_where_nothing_is_published_nobody_can_be_counted(check_input):
    found = only(k_anonymity.check(check_input({"f": (5, 3), "m": (4, 2)}, GROUPS)))
    assert (found.real, found.outcome, found.detail["published_counts"]) == (None, Outcome.WITHIN, 0)


def test_synthetic_counts_are_nobodys(check_input):
    found = only(k_anonymity.check(check_input(GROUPS, {"f": (1, 0), "m": (0, 1)})))
    assert found.outcome is Outcome.WITHIN
    assert np.isclose(found.real, 40)
