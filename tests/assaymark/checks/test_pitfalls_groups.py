"""Ways in which an audit of groups misleads (docs/explanation/what-drives-it.md): a naive one errs here, ours does not."""

from __future__ import annotations

import numpy as np
import pytest

from assaymark.checks.bias import panel, rates
from assaymark.checks.drivers import attribution
from assaymark.checks.groups import leakage, missingness, parity
from assaymark.results.findings import Outcome
from assaymark.tables.table import Table


def column(table: Table, name: str) -> np.ndarray:
    return np.array(table.column(name).to_pylist(), dtype=object)


def test_pitfall_8_gaps_that_move_between_groups_leave_the_overall_share_as_it_was(make_staff, group_input, pick):
    """Naive: the share of missing jobs, overall, is that of real. Ours: women's gaps went to the men."""
    real = make_staff(8000, 1, women=0.5, no_job=(0.12, 0.02))
    synthetic = make_staff(8000, 2, women=0.5, no_job=(0.02, 0.12))
    naive = [np.mean([job is None for job in column(table, "job")]) for table in (real, synthetic)]
    assert naive[0] == pytest.approx(naive[1], abs=0.01)
    data = group_input(real, synthetic, make_staff(4000, 3, women=0.5, no_job=(0.12, 0.02)))
    finding = pick(list(missingness.check(data)), missingness.GAP)
    assert finding.outcome is Outcome.EXCEEDED
    assert finding.scope["groups"] == ["f", "m"]
    assert finding.value == pytest.approx(-0.2, abs=0.03)


def test_pitfall_8_dropping_incomplete_rows_changes_who_is_compared(make_staff, group_input, pick):
    """Naive: leave rows with a gap out, and the gap in pay is gone. Ours keeps them, and says whose rows they are."""
    real, synthetic = make_staff(12_000, 1, women=0.5), make_staff(12_000, 2, women=0.5)
    job, paid, sex = (column(synthetic, name) for name in ("job", "paid", "sex"))
    rng = np.random.default_rng(0)
    job[(sex == "f") & (paid == "no") & (rng.random(len(job)) < 0.3)] = None
    columns = {name: column(synthetic, name) for name in synthetic.names} | {"job": job}
    synthetic = Table.from_columns({name: list(values) for name, values in columns.items()}, synthetic.schema)

    def gap(complete_only):
        kept = np.array([value is not None for value in job]) if complete_only else np.ones(len(job), dtype=bool)
        return np.mean(paid[kept & (sex == "m")] == "yes") - np.mean(paid[kept & (sex == "f")] == "yes")

    assert gap(complete_only=True) < gap(complete_only=False) - 0.05
    data = group_input(real, synthetic, make_staff(6000, 3, women=0.5))
    assert pick(list(panel.check(data)), rates.DIFFERENCE).synthetic == pytest.approx(gap(complete_only=False), abs=1e-12)
    assert pick(list(missingness.check(data)), missingness.GAP).outcome is Outcome.EXCEEDED


def test_pitfall_9_an_attribute_that_nothing_depends_on_by_name_is_still_told(make_staff, group_input, pick):
    """Naive: no column says the sex, and none is strongly correlated with it by itself. Ours: all together give it away."""
    rng = np.random.default_rng(0)

    def veiled(rows, seed):
        """Two columns of coin tosses, whose sum is odd for women: each alone tells nothing."""
        made = make_staff(rows, seed, women=0.5, single=(0.4, 0.4), nurses=(0.2, 0.2), no_job=(0.05, 0.05))
        female = column(made, "sex") == "f"
        first = rng.random(rows) < 0.5
        second = first ^ female ^ (rng.random(rows) < 0.05)
        columns = {name: list(column(made, name)) for name in made.names}
        columns |= {"civil": np.where(first, "single", "married"), "age": np.where(second, 30, 40)}
        return Table.from_columns(columns, made.schema)

    real, synthetic, holdout = veiled(6000, 1), veiled(6000, 2), veiled(4000, 3)
    female = column(real, "sex") == "f"
    for name in ("civil", "age", "job"):
        for value in set(column(real, name)):
            assert abs(np.mean(column(real, name)[female] == value) - np.mean(column(real, name)[~female] == value)) < 0.04
    finding = pick(list(leakage.check(group_input(real, synthetic, holdout))), leakage.LEAKAGE)
    assert finding.real > 0.9
    assert finding.synthetic > 0.9


def test_pitfall_9_leaving_the_attribute_out_does_not_hide_it(adult, group_input, pick):
    """Naive: drop the column sex from Adult. Ours: it is told from the rest in 93 of 100 pairs, from synthetic rows too."""
    names = [name for name in adult.real.names if name != "race"]
    tables = [table.select(names) for table in (adult.real, adult.synthetic, adult.holdout)]
    finding = pick(list(leakage.check(group_input(*tables))), leakage.LEAKAGE)
    assert finding.real == pytest.approx(0.933, abs=0.005)
    assert finding.synthetic > 0.9


def test_a_small_group_is_not_called_worse_for_being_small(make_staff, group_input, pick):
    """Naive: compare distances of groups as they are, and the smaller group is always served worse (pitfall 1)."""
    tables = [make_staff(8000, seed, women=0.04) for seed in (1, 2, 3)]
    findings = list(parity.check(group_input(*tables)))
    women, men = (pick(findings, parity.DISTANCE, group=group) for group in ("f", "m"))
    assert women.synthetic > 3 * men.synthetic
    assert pick(findings, parity.GAP).outcome is not Outcome.EXCEEDED


def test_what_explains_a_gap_is_not_the_column_that_moved_most(make_staff, group_input):
    """Naive: blame the column with the largest distance. Here that is the job, which has nothing to do with pay."""
    data = group_input(make_staff(9000, 1), make_staff(9000, 2, single=(0.7, 0.4), nurses=(0.95, 0.05)))
    worst = parity.check(data)
    moved = next(f for f in worst if f.id == parity.DISTANCE and f.scope["group"] == "f").detail["worst_columns"][0]["column"]
    assert moved == "job"
    assert list(attribution.check(data))[1].scope["column"] == "civil"
