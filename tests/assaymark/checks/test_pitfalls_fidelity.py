"""Ways in which a fidelity score misleads: what a naive reading says, and what ours says of the same tables."""

from __future__ import annotations

import numpy as np
import pytest

from assaymark.checks.fidelity import columns, detection, marginals, realism, structure
from assaymark.checks.fidelity.comparison import compare
from assaymark.results.findings import Outcome
from assaymark.tables.schema import Column, Kind, Schema
from assaymark.tables.table import Table

LOANS = Schema(
    (
        Column("code", Kind.INTEGER),
        Column("grade", Kind.CATEGORICAL),
        Column("young", Kind.CATEGORICAL),
        Column("urban", Kind.CATEGORICAL),
        Column("amount", Kind.FLOAT),
        Column("paid", Kind.CATEGORICAL),
    )
)


def loans(rows, seed):
    """Loans whose outcome depends on two columns together, and on neither alone; a code decides the grade."""
    rng = np.random.default_rng(seed)
    code, young, urban = rng.integers(0, 6, rows), rng.integers(0, 2, rows), rng.integers(0, 2, rows)
    words = {"grade": code // 2, "young": young, "urban": urban, "paid": young ^ urban}
    return Table.from_columns(
        {"code": code, "amount": np.round(rng.gamma(2, 100, rows), 2)}
        | {name: [f"{name}{value}" for value in own] for name, own in words.items()},
        LOANS,
    )


def drawn_apart(table, seed):
    """A generator that learns every column and nothing between them."""
    rng = np.random.default_rng(seed)
    arrow = table.arrow
    for place, name in enumerate(table.names):
        arrow = arrow.set_column(place, name, arrow.column(name).take(rng.permutation(table.rows)))
    return Table(arrow, table.schema)


def test_a_good_score_of_bad_data(row_input, pick):
    """The mean of SDMetrics' scores is above 0.9 for a table of which no classifier could learn anything (SDV issue 1505)."""
    real, holdout = loans(4000, 1), loans(4000, 2)
    data = row_input(real, drawn_apart(real, 3), holdout)
    found = list(columns.check(data))
    shapes, trends = (pick(found, identifier) for identifier in (columns.SHAPES, columns.TRENDS))
    naive = (shapes.detail["sdmetrics"]["score"] + trends.detail["sdmetrics"]["score_of_all"]) / 2
    assert naive > 0.9
    assert shapes.synthetic == 1.0

    beyond = list(structure.check(data))
    assert pick(beyond, marginals.MARGINALS).ci[1] < -0.05
    assert pick(beyond, marginals.MARGINALS).detail["most_distant"][0]["columns"][-1] in {"paid", "urban", "young"}
    broken = [f for f in beyond if f.id == "fidelity.functional_dependency"]
    assert [(f.scope["columns"], f.outcome) for f in broken] == [(["code", "grade"], Outcome.EXCEEDED)]
    (told,) = detection.check(data)
    assert told.ci[0] > 0.3 > 10 * told.null
    giving_away = {entry["column"] for entry in told.detail["columns"][:5]}
    assert giving_away == {"code", "grade", "young", "urban", "paid"}


def test_silent_subsampling(row_input, pick):
    """A score of 1,000 rows of each table is a random number; ours is of all rows, whatever the seed."""
    schema = Schema((Column("w", Kind.CATEGORICAL), Column("v", Kind.CATEGORICAL)))

    def draw(rows, seed, share):
        rng = np.random.default_rng(seed)
        words = np.where(rng.random(rows) < share, "rare", "common")
        return Table.from_columns({"w": words.tolist(), "v": rng.choice(["x", "y"], rows).tolist()}, schema)

    real, synthetic = draw(60_000, 1, 0.010), draw(60_000, 2, 0.013)
    rng = np.random.default_rng(0)
    naive = []
    for _ in range(20):
        counts = [
            np.bincount(table.labels("w")[0][rng.integers(0, table.rows, 1000)], minlength=2) for table in (real, synthetic)
        ]
        naive.append(np.abs(counts[0] - counts[1]).sum() / 2000)
    every = [(table.labels("w")[0] == 1).mean() for table in (real, synthetic)]
    truth = abs(every[0] - every[1])
    assert max(naive) - min(naive) > truth

    found = [pick(list(columns.check(row_input(real, synthetic, seed=seed))), columns.SHAPE, column="w") for seed in (1, 2)]
    assert found[0].value == found[1].value == pytest.approx(truth, abs=found[0].detail["rounded_to"] / 2)
    exact = compare([real, synthetic], list(schema)).shapes.measures[0]
    assert exact.value == pytest.approx(truth, abs=1e-12)
    assert found[0].ci[0] > 0.0
    assert found[0].ci[1] - found[0].ci[0] < max(naive) - min(naive)
    pairs = [pick(list(columns.check(row_input(real, synthetic, seed=seed))), columns.TREND) for seed in (1, 2)]
    assert pairs[0].document() == pairs[1].document()


def test_where_rows_are_sampled_it_is_said(make_people, row_input):
    tables = [make_people(6000, seed) for seed in (1, 2, 3)]
    for finding in realism.check(row_input(*tables)):
        assert finding.detail["rows_used"] == {"real": 5000, "synthetic": 5000, "holdout": 5000}
    (told,) = detection.check(row_input(*tables))
    assert told.detail["rows_used"]["each_side"] == 6000


def test_noise_read_as_infidelity(make_people, row_input):
    """Two samples of the same people are never equal: fresh rows stay as far from real as the holdout does."""
    findings = list(columns.check(row_input(*(make_people(250, seed) for seed in (1, 2, 3)))))
    pairs = [f for f in findings if f.id == columns.TREND]
    assert np.mean([f.value for f in pairs]) > 0.05  # a naive reading: a twentieth is wrong
    assert all(f.ci[0] <= f.null for f in pairs)
    score = next(f for f in findings if f.id == columns.TRENDS)
    assert score.ci[0] < 0.0 < score.ci[1]
    assert abs(score.value) <= score.null * 1.5


def test_one_odd_column_read_as_a_useless_table(make_people, row_input):
    """A perfect detector need not mean a useless table: it may take one column, which is named."""
    real, synthetic, holdout = (make_people(1500, seed) for seed in (1, 2, 3))
    odd = synthetic.arrow.set_column(1, "age", [synthetic.numbers("age").astype(np.int64) + 100])
    data = row_input(real, Table(odd, real.schema), holdout)
    (told,) = detection.check(data)
    assert told.synthetic > 0.99
    assert [entry["column"] for entry in told.detail["columns"] if entry["auc_lost"] > 0.01] == ["age"]
    distant = [f for f in columns.check(data) if f.id == columns.SHAPE and f.ci[0] > 2 * f.null]
    assert [f.scope["column"] for f in distant] == ["age"]
