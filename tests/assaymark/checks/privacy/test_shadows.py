"""The attack that fits the generator anew: one that memorises is found out, one that does not is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assaymark.checks.privacy import shadows
from assaymark.checks.privacy.shadows import Trials, held_out_scores
from assaymark.errors import Cancelled
from assaymark.execution import Run
from assaymark.host.specs import DeepAttack
from assaymark.results.findings import Outcome
from assaymark.tables.schema import Column, Kind, Schema
from assaymark.tables.table import Table

SCHEMA = Schema(tuple(Column(name, Kind.CATEGORICAL) for name in "abcdefgh"))


def crowd(rows, seed):
    """People of eight common traits each: many rows are alone, no value is."""
    rng = np.random.default_rng(seed)
    return Table.from_columns({name: rng.choice(["p", "q", "r"], rows).tolist() for name in SCHEMA.names}, SCHEMA)


def copier(table, rows, run):
    return table.take(run.rng("copier").permutation(table.rows)[:rows])


def marginals(table, rows, run):
    rng = run.rng("marginals")
    columns = {name: rng.choice(table.column(name).to_pylist(), rows).tolist() for name in table.names}
    return Table.from_columns(columns, table.schema)


def attacked(row_input, generator, seed=0, fits=16):
    data = replace(row_input(crowd(600, seed), crowd(10, 99), seed=seed), deep=DeepAttack(generator, fits))
    (found,) = shadows.check(data)
    return found


def test_a_generator_that_memorises_is_found_out(row_input):
    found = attacked(row_input, copier)
    assert found.outcome is Outcome.EXCEEDED
    assert found.synthetic > 0.95
    assert found.detail["tpr"]["rate"] > 0.9
    assert (found.detail["shadows"], found.detail["records"]) == (16, 20)
    assert found.ci[0] < found.value <= found.ci[1] <= 0.5


def test_independent_marginals_tell_nothing(row_input):
    found = [attacked(row_input, marginals, seed) for seed in range(8)]
    assert [f.outcome for f in found].count(Outcome.EXCEEDED) == 0
    assert np.mean([f.synthetic for f in found]) == pytest.approx(0.5, abs=0.04)


def test_the_interval_covers_where_nothing_can_be_learned(row_input):
    rng, covered = np.random.default_rng(0), 0
    data = row_input(crowd(600, 0), crowd(10, 99))
    for _ in range(120):
        trials = Trials(rng.random((16, 20)) < 0.5, rng.normal(size=(16, 20, 20)))
        found = shadows._finding(trials, held_out_scores(trials), data)
        covered += found.ci[0] <= 0.0 <= found.ci[1]
    assert covered / 120 >= 0.9


def test_it_learns_from_other_shadows_only():
    rng = np.random.default_rng(1)
    inside = rng.random((12, 20)) < 0.5
    told = rng.normal(size=(12, 20, 10))
    told[..., 3] += 3.0 * inside
    scores = held_out_scores(Trials(inside, told))
    assert (scores[inside].mean() - scores[~inside].mean()) > 1.0
    changed = inside.copy()
    changed[0] = ~changed[0]
    np.testing.assert_array_equal(held_out_scores(Trials(changed, told))[0], scores[0])  # its own answers are not known


def test_it_is_seeded_and_asked_for(row_input):
    assert list(shadows.check(row_input(crowd(600, 0), crowd(10, 99)))) == []
    once, again = (attacked(row_input, copier, fits=8).document() for _ in range(2))
    assert once == again
    small = replace(row_input(crowd(150, 0), crowd(10, 99)), deep=DeepAttack(copier, 8))
    assert [f.reason for f in shadows.check(small)] == ["too_few_rows"]


def test_it_can_be_stopped_between_fits(row_input):
    run, told = Run(0), []

    def stopping(table, rows, own):
        run.cancelled.set()
        return copier(table, rows, own)

    base = row_input(crowd(600, 0), crowd(10, 99))
    seen = replace(run, progress=lambda done, total, message="": told.append((done, total)))
    with pytest.raises(Cancelled):
        list(shadows.check(replace(base, run=seen, deep=DeepAttack(stopping, 8))))
    assert told == [(0, 8)]


def test_a_shadow_holds_half_of_the_others_and_the_chosen_ones(row_input):
    sizes = []

    def recording(table, rows, run):
        sizes.append((table.rows, rows))
        return copier(table, rows, run)

    attacked(row_input, recording, fits=8)
    assert all(290 <= size <= 310 and rows == size for size, rows in sizes)
    assert len(sizes) == 8
