"""Conditional demographic disparity against hand numbers, published ones, and what Clarify makes of empty strata."""

from __future__ import annotations

import numpy as np
import pytest

from assaymark.checks.bias import panel, strata
from assaymark.checks.bias.strata import Layout, disparity
from assaymark.cubes.fine import count_cube
from assaymark.results.findings import Outcome
from assaymark.tables.loading import TableOptions, load_real
from assaymark.tables.roles import RoleOptions

CDD = strata.DISPARITY


def summed(counts):
    total: dict[str, tuple[int, int]] = {}
    for (group, _), cells in counts.items():
        before = total.get(group, (0, 0))
        total[group] = (before[0] + cells[0], before[1] + cells[1])
    return total


def audited(check_input, real, synthetic, **more):
    return list(panel.check(check_input(summed(real), summed(synthetic), strata={"dept": (real, synthetic)}, **more)))


def by_hand(counts, group, departments):
    """Wachter, Mittelstadt & Russell: weigh each department's disparity by its rows."""
    total, weight = 0.0, 0
    for dept in departments:
        rows = {g: cells for (g, d), cells in counts.items() if d == dept}
        rejected, accepted = (sum(cells[y] for cells in rows.values()) for y in (0, 1))
        total += (rejected + accepted) * (rows[group][0] / rejected - rows[group][1] / accepted)
        weight += rejected + accepted
    return total / weight


REAL = {("F", "x"): (300, 200), ("F", "y"): (800, 100), ("M", "x"): (900, 600), ("M", "y"): (400, 50)}
SYNTHETIC = {("F", "x"): (350, 150), ("F", "y"): (800, 100), ("M", "x"): (850, 650), ("M", "y"): (400, 50)}


def test_numbers_by_hand(check_input, pick):
    finding = pick(audited(check_input, REAL, SYNTHETIC), CDD, group="F", stratum="dept")
    assert by_hand(REAL, "F", "xy") == pytest.approx(0, abs=1e-12)
    assert finding.real == pytest.approx(by_hand(REAL, "F", "xy"), abs=1e-15)
    assert finding.synthetic == pytest.approx(by_hand(SYNTHETIC, "F", "xy"), abs=1e-15)
    assert finding.value == pytest.approx(finding.synthetic - finding.real)
    assert finding.ci[0] < finding.value < finding.ci[1]
    assert finding.detail["coverage_real"] == finding.detail["coverage_synthetic"] == 1
    assert finding.detail["unconditional_real"] == pytest.approx(1100 / 2400 - 300 / 950)
    assert finding.detail["unconditional_covered_real"] == pytest.approx(1100 / 2400 - 300 / 950)
    other = pick(audited(check_input, REAL, SYNTHETIC), CDD, group="M", stratum="dept")
    assert other.value == pytest.approx(-finding.value)


def test_a_stratum_without_one_outcome_is_left_out_and_not_counted_as_zero():
    """Clarify lets such a stratum count as 0, which pulls every disparity toward 0."""
    cells = np.array([[30, 10], [50, 30], [25, 0], [40, 0], [0, 0]])
    used = np.array([[True, False, True, False, False]])
    layout = Layout(np.array([0, 2, 4]), (("F",),), used)
    alone = 30 / 80 - 10 / 40
    assert disparity(cells, layout) == pytest.approx([alone])
    clarify = (120 * alone + 65 * 0) / 185
    assert clarify == pytest.approx(0.65 * alone, rel=0.01)


def test_coverage_says_what_is_left_out(check_input, pick):
    real = REAL | {("F", "z"): (40, 0), ("M", "z"): (60, 0), ("F", "w"): (50, 5), ("M", "w"): (45, 50)}
    found = audited(check_input, real, SYNTHETIC | {("F", "z"): (50, 0), ("M", "z"): (50, 0)})
    finding = pick(found, CDD, group="F", stratum="dept")
    assert finding.real == pytest.approx(by_hand(real, "F", "xy"), abs=1e-12)
    assert finding.n == {"strata": 2}
    assert finding.detail["coverage_real"] == pytest.approx(3350 / 3600)
    assert finding.detail["coverage_synthetic"] == pytest.approx(3350 / 3450)


def test_a_stratum_that_synthetic_does_not_have_is_left_out_of_both(check_input, pick):
    finding = pick(audited(check_input, REAL, {("F", "x"): (350, 150), ("M", "x"): (850, 650)}), CDD, group="F", stratum="dept")
    assert finding.real == pytest.approx(by_hand(REAL, "F", "x"), abs=1e-15)
    assert finding.detail["coverage_real"] == pytest.approx(2000 / 3350)


def test_what_cannot_be_estimated_says_why(check_input, pick):
    found = audited(check_input, REAL, {("M", "x"): (850, 650), ("M", "y"): (400, 100)})
    assert pick(found, CDD, group="F", stratum="dept").reason == "group_without_synthetic_rows"
    found = audited(check_input, REAL, SYNTHETIC | {("F", "x"): (30, 3), ("F", "y"): (20, 2)})
    assert pick(found, CDD, group="F", stratum="dept").reason == "too_few_synthetic_rows"
    scattered = {(g, f"d{i}"): (14, 3) for g in "FM" for i in range(12)}
    found = audited(check_input, scattered, scattered)
    assert {f.reason for f in found if f.id == CDD} <= {"no_estimable_stratum", "small_cell"}
    many = {(g, f"d{i:04d}"): (20, 20) for g in "FM" for i in range(800)}
    found = audited(check_input, many, many)
    assert pick(found, CDD, stratum="dept").reason == "too_many_combinations"


def test_an_honest_sample_is_not_amplified(check_input, pick):
    finding = pick(audited(check_input, REAL, REAL), CDD, group="F", stratum="dept")
    assert finding.value == 0
    assert finding.outcome is Outcome.NOT_AMPLIFIED


def test_strata_do_not_change_other_findings(check_input):
    plain = list(panel.check(check_input(summed(REAL), summed(SYNTHETIC))))
    assert [f.document() for f in audited(check_input, REAL, SYNTHETIC) if f.id != CDD] == [f.document() for f in plain]


@pytest.mark.parametrize(("column", "known"), [("marital_status", 0.092), ("occupation", 0.211), ("education", 0.250)])
def test_known_numbers_of_adult(shared_data, column, known):
    roles = RoleOptions(target="income", positive=">50K", protected=("sex",), strata=(column,))
    cube = count_cube(load_real(shared_data / "adult_train.csv", TableOptions(), roles).table, ("sex", column))
    strata_names = sorted({stratum for _, stratum in cube.combinations})
    place = dict(zip(cube.combinations, cube.counts, strict=True))
    empty = np.zeros(2, dtype=np.int64)
    cells = np.array([place.get((sex, stratum), empty) for stratum in strata_names for sex in ("Female", "Male")])
    used = np.tile([True, False], len(strata_names))[None, :]
    layout = Layout(np.arange(0, len(cells), 2), (("Female",),), used)
    assert disparity(cells, layout)[0] == pytest.approx(known, abs=0.001)
    totals = cells[0::2].sum(axis=0) / cells.sum(axis=0)
    assert totals[0] - totals[1] == pytest.approx(0.238, abs=0.0005)
