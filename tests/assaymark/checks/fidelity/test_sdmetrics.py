"""SDMetrics 0.32 on the same tables, column by column and pair by pair (``tests/fixtures/fidelity/make_sdmetrics.py``)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from assaymark.checks.fidelity import columns as fidelity
from assaymark.checks.fidelity.comparison import compare
from assaymark.checks.rounding import step
from assaymark.tables.loading import TableOptions, load_like, load_real
from assaymark.tables.roles import RoleOptions
from assaymark.tables.schema import Column, Kind, Schema

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures" / "fidelity"
EXPECTED = json.loads((FIXTURES / "sdmetrics.json").read_text())
NASTY = Schema(
    (
        *(Column(name, Kind.FLOAT) for name in ("amount", "tiny", "count", "half", "other_half", "constant")),
        *(Column(name, Kind.FLOAT) for name in ("constant_in_real", "constant_in_synthetic", "gone", "never")),
        *(Column(name, Kind.CATEGORICAL) for name in ("word", "same_word", "lost_word")),
        *(Column(name, Kind.BOOLEAN) for name in ("flag", "maybe")),
        Column("day", Kind.DATETIME, layout="%Y-%m-%d"),
        Column("moment", Kind.DATETIME, layout="%Y-%m-%d %H:%M:%S"),
        Column("one_day", Kind.DATETIME, layout="%Y-%m-%d"),
        Column("huge", Kind.FLOAT),
    )
)


def made_up():
    return tuple(load_like(FIXTURES / f"nasty_{name}.csv", NASTY, TableOptions()).table for name in ("real", "synthetic"))


@pytest.fixture
def tables(request, row_input):
    if request.param == "nasty":
        return "nasty", *made_up()
    if request.param == "adult":
        adult = request.getfixturevalue("adult")
        return "adult", *(table.take(np.arange(5000)) for table in (adult.real, adult.synthetic))
    roles = RoleOptions(target="two_year_recid", positive="1", protected=("race",))
    compas = load_real(request.getfixturevalue("shared_data") / "compas_two_years.csv", TableOptions(), roles).table
    return "compas", compas.take(np.arange(4000)), compas.take(np.arange(4000, compas.rows))


every_table = pytest.mark.parametrize("tables", ["adult", "compas", "nasty"], indirect=True)


@every_table
def test_every_column_and_every_pair_has_sdmetrics_score(tables):
    name, real, synthetic = tables
    expected = EXPECTED[name]
    found = compare([real, synthetic], [real.schema[column] for column in expected["columns"]])
    for part, scores in ((found.shapes, expected["shapes"]), (found.trends, expected["trends"])):
        ours = [measure.theirs.scores[0] for measure in part.measures]
        assert [score is None for score in ours] == [score is None for score in scores]
        known = [place for place, score in enumerate(scores) if score is not None]
        assert [ours[place] for place in known] == pytest.approx([scores[place] for place in known], abs=1e-9)


@every_table
def test_the_means_are_those_of_sdmetrics_report(tables, row_input, pick):
    name, real, synthetic = tables
    expected = EXPECTED[name]
    findings = list(fidelity.check(row_input(real, synthetic)))
    shapes, trends = (pick(findings, identifier).detail["sdmetrics"] for identifier in (fidelity.SHAPES, fidelity.TRENDS))
    exact = compare([real, synthetic], [real.schema[column] for column in expected["columns"]])
    for part, told, mean, every in (
        (exact.shapes, shapes, "shapes_mean", "shapes_mean"),
        (exact.trends, trends, "trends_mean", "all_trends_mean"),
    ):
        for counted, key, name in ((True, "score", mean), (False, "score_of_all", every)):
            scores = [m.theirs.scores[0] for m in part.measures if m.theirs.counted or not counted]
            known = [score for score in scores if score is not None]
            assert np.mean(known) == pytest.approx(expected[name], abs=1e-9)
            # what is published is rounded, so that no small count of real rows follows from it
            assert told[key] == pytest.approx(expected[name], abs=step(real.rows, len(known), closely=True) / 2)
    listed = [f for f in findings if f.id == fidelity.TREND]
    if len(listed) == len(expected["trends"]):
        counted = [place for place, finding in enumerate(listed) if finding.detail["sdmetrics"]["counted"]]
        assert counted == expected["counted"]


def test_where_nothing_is_missing_ours_is_theirs_for_columns_and_pairs_of_categories(adult, row_input):
    real, synthetic = (
        table.take(np.arange(5000)).select(("sex", "race", "age", "education")) for table in (adult.real, adult.synthetic)
    )
    found = compare([real, synthetic], list(real.schema))
    for measure in (*found.shapes.measures, found.trends.measures[0]):
        assert 1.0 - measure.value == pytest.approx(measure.theirs.scores[0], abs=1e-9)


def test_a_pair_too_wide_to_count_in_an_array_has_the_same_score(monkeypatch):
    real, synthetic = made_up()
    usual = compare([real, synthetic], list(NASTY)).trends.measures
    for module in ("pairs", "tallies"):
        monkeypatch.setattr(f"assaymark.checks.fidelity.{module}.DENSE", 10)
    sparse = compare([real, synthetic], list(NASTY)).trends.measures
    assert [m.value for m in sparse] == pytest.approx([m.value for m in usual], abs=1e-12)
    assert [m.theirs.counted for m in sparse] == [m.theirs.counted for m in usual]
    for one, other in zip(sparse, usual, strict=True):
        assert one.theirs.scores == pytest.approx(other.theirs.scores, abs=1e-12)
        assert one.distances[0].error == pytest.approx(other.distances[0].error, abs=1e-12)
