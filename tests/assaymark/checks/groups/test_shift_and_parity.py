"""Shift within a group and outcome, distances of groups, and the gap between them."""

from __future__ import annotations

import numpy as np
import pytest

from assaymark.checks.groups import parity, shift
from assaymark.results.findings import Outcome

FAULTY = {Outcome.EXCEEDED, Outcome.INCONCLUSIVE}


@pytest.fixture(scope="module")
def shown(make_staff, group_input):
    """Women whose wages are wrong in seven of ten rows, in a table that is faultless otherwise."""
    return group_input(make_staff(6000, 1), make_staff(6000, 2, odd=0.7), make_staff(4000, 3))


def test_the_group_that_is_made_up_wrongly_is_found_and_so_is_the_column(shown, pick):
    findings = list(shift.check(shown))
    for outcome in ("rest", "positive"):
        women = pick(findings, shift.SHIFT, group="f", outcome=outcome)
        assert women.outcome is Outcome.EXCEEDED
        assert women.detail["worst_columns"][0]["column"] == "wage"
        assert women.ci[0] <= women.value <= women.ci[1]
        assert pick(findings, shift.SHIFT, group="m", outcome=outcome).outcome is Outcome.WITHIN
    assert women.n["real"]["f"] == int(shown.cubes.scopes[0].real.counts[0, 1])


def test_the_gap_names_the_worst_and_the_best_group(shown, pick):
    findings = list(parity.check(shown))
    worst, best = (pick(findings, parity.DISTANCE, group=group) for group in ("f", "m"))
    gap = pick(findings, parity.GAP)
    assert gap.scope["groups"] == ["f", "m"]
    assert gap.outcome is Outcome.EXCEEDED
    assert gap.detail["p_value"] < 0.001
    assert gap.synthetic == pytest.approx(worst.value - best.value, abs=0.002)
    assert gap.value == pytest.approx(gap.synthetic - gap.real, abs=1e-9)


def test_copies_are_within(make_staff, group_input):
    real = make_staff(3000, 5)
    data = group_input(real, real, make_staff(2000, 6))
    findings = [*shift.check(data), *parity.check(data)]
    assert {f.outcome for f in findings} == {Outcome.WITHIN}
    assert all(f.value < 0 for f in findings if f.id in {shift.SHIFT, parity.DISTANCE})


def test_fresh_rows_are_within_in_at_least_95_percent_of_seeds(make_staff, group_input):
    outcomes = []
    for seed in range(40):
        data = group_input(*(make_staff(6000, 3 * seed + place) for place in range(3)), seed=seed)
        outcomes.append({f.id: f.outcome for f in [*shift.check(data), *parity.check(data)] if f.outcome in FAULTY})
    assert sum(not faults for faults in outcomes) >= 38, outcomes


def test_small_groups_differ_by_chance_and_are_not_called_worse(make_staff, group_input, pick):
    """Ten times as few women: their distance is three times that of men, and all of it is chance."""
    data = group_input(*(make_staff(6000, 10 + place, women=0.05) for place in range(3)))
    findings = list(parity.check(data))
    women, men = (pick(findings, parity.DISTANCE, group=group) for group in ("f", "m"))
    assert women.synthetic > 2 * men.synthetic
    assert women.real > 2 * men.real
    assert pick(findings, parity.GAP).outcome is Outcome.WITHIN


def test_without_a_holdout_chance_is_taken_from_real(make_staff, group_input, pick):
    findings = list(parity.check(group_input(make_staff(3000, 1), make_staff(3000, 2))))
    assert pick(findings, parity.DISTANCE, group="f").detail["null_from"] == "real rows"
    assert pick(findings, parity.DISTANCE, group="f").outcome is Outcome.WITHIN


def test_the_same_seed_gives_the_same_findings(shown):
    assert [f.document() for f in shift.check(shown)] == [f.document() for f in shift.check(shown)]


@pytest.mark.parametrize(("women", "reason"), [(0.02, "group_too_small"), (0.0, "single_group"), (0.004, "small_cell")])
def test_too_few_people_are_not_estimable(make_staff, group_input, pick, women, reason):
    data = group_input(make_staff(3000, 1, women=women), make_staff(3000, 2))
    gap = pick(list(parity.check(data)), parity.GAP)
    assert (gap.outcome, gap.reason) == (Outcome.NOT_ESTIMABLE, reason)


def test_a_group_without_synthetic_rows_is_not_estimable(make_staff, group_input, pick):
    findings = list(parity.check(group_input(make_staff(3000, 1), make_staff(3000, 2, women=0.0))))
    assert pick(findings, parity.DISTANCE, group="f").reason == "group_without_synthetic_rows"
    assert pick(findings, parity.GAP).reason == "group_without_synthetic_rows"


def test_what_is_told_fits_many_tables(make_table, policy):
    """Whoever knows the synthetic table and the size of a group finds ten counts or more behind its distance."""
    from assaymark.checks.rounding import coarse, step

    for rows, held, share in ((120, 3, 0.4), (1000, 4, 0.0), (20_000, 9, 0.0005)):
        by = step(rows)
        told = coarse(abs(held / rows - share), by)
        fitting = [count for count in range(rows + 1) if coarse(abs(count / rows - share), by) == told]
        assert held in fitting
        assert len(fitting) >= policy.small_cell


def test_no_interval_is_narrowed_by_rounding():
    from assaymark.checks.rounding import coarse, outward, step, upward

    rng = np.random.default_rng(0)
    for rows, terms in ((30, 1), (311, 13), (5000, 3), (10**6, 40)):
        by = step(rows, terms)
        assert by >= min(10 / rows / terms, 1) * (1 - 1e-9)
        for low, width in rng.normal(size=(50, 2)):
            high = low + abs(width)
            ends = outward((low, high), by)
            assert ends[0] <= low + 1e-9
            assert ends[1] >= high - 1e-9
            assert ends[0] - by / 2 <= coarse(low, by) <= upward(low, by) + 1e-9
