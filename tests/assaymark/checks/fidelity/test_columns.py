"""Distances against known answers, SciPy, and what SDMetrics 0.32 says of the same tables."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ks_2samp

from assaymark.checks.fidelity import columns as fidelity
from assaymark.checks.fidelity.distances import (
    categorical_levels,
    contingency_distance,
    correlation,
    decile_levels,
    kolmogorov_smirnov,
    total_variation,
)
from assaymark.results.findings import Outcome
from assaymark.tables.schema import Column, Kind, Schema
from assaymark.tables.table import Table

# SDMetrics 0.32.0, 1 - Column Shapes score of adult_train against adult_synthetic_ctgan, missing as a category
ADULT_SHAPES = {
    "age": 0.04764162777581138,
    "workclass": 0.09929142215921594,
    "fnlwgt": 0.044563028705013163,
    "education": 0.08647732223025528,
    "education_num": 0.04846042434351461,
    "marital_status": 0.05068409982449085,
    "occupation": 0.1910919758236873,
    "relationship": 0.09896721588383173,
    "race": 0.16536470592270447,
    "sex": 0.032858155166268,
    "capital_gain": 0.6450144780276212,
    "capital_loss": 0.07145872976244838,
    "hours_per_week": 0.15485346057286686,
    "native_country": 0.1312303450560134,
    "income": 0.05770478681627067,
}
# the same of Column Pair Trends; for the two last pairs, numbers were cut at the deciles of adult_train first
ADULT_TRENDS = {
    "age hours_per_week": 0.08765038032838512,
    "fnlwgt capital_loss": 0.00726070639363785,
    "education_num capital_gain": 0.010416793992501616,
    "workclass occupation": 0.22781127767252485,
    "sex income": 0.07774526427950368,
    "race native_country": 0.23375034172934428,
    "age income": 0.09806629571306513,
    "capital_gain income": 0.6450144780276214,
}


def of(findings, identifier, **scope):
    return [f for f in findings if f.id == identifier and all(f.scope.get(k) == v for k, v in scope.items())]


def test_kolmogorov_smirnov_is_scipys():
    rng = np.random.default_rng(0)
    first, second = np.round(rng.normal(size=700), 1), np.round(rng.normal(0.3, 1.2, size=400), 1)
    assert kolmogorov_smirnov(first, second) == pytest.approx(ks_2samp(first, second).statistic, abs=1e-12)


def test_missing_numbers_count():
    full, half = np.arange(10.0), np.where(np.arange(10) % 2 == 0, np.nan, np.arange(10.0))
    assert kolmogorov_smirnov(full, half) == pytest.approx(0.5)
    assert kolmogorov_smirnov(half, half) == 0.0
    assert kolmogorov_smirnov(np.full(3, np.nan), np.full(3, 1.0)) == 1.0


@pytest.mark.parametrize("width", [3, 2**40])
def test_total_variation(width):
    first, second = np.array([0, 0, 1, 2]), np.array([0, 1, 1, 1, 1])
    assert total_variation(first, second, width) == pytest.approx((0.3 + 0.55 + 0.25) / 2)
    assert total_variation(first, first, width) == 0.0


def test_correlation_is_numpys_over_known_rows():
    rng = np.random.default_rng(1)
    x = 1e15 + rng.normal(size=300) * 1e9
    y = 0.5 * (x - 1e15) / 1e9 + rng.normal(size=300)
    assert correlation(x, y) == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-9)
    holes = np.where(rng.random(300) < 0.3, np.nan, y)
    known = ~np.isnan(holes)
    assert correlation(x, holes) == pytest.approx(np.corrcoef(x[known], y[known])[0, 1], abs=1e-9)
    assert correlation(x, np.full(300, 3.0)) == 0.0
    assert correlation(x, np.full(300, np.nan)) == 0.0


def test_deciles_of_real_cut_every_table():
    real, other = np.arange(100.0), np.array([-5.0, 50.0, 1e9, np.nan])
    levels = decile_levels([real, other])
    assert np.bincount(levels.codes[0], minlength=levels.width).tolist() == [10] * 10 + [0]
    assert levels.codes[1].tolist() == [0, 5, 9, 10]
    assert decile_levels([np.full(5, np.nan), other]).width == 2


def test_contingency_distance():
    one = categorical_levels([np.array([0, 0, 1, -1]), np.array([0, 1, 1, 1])], 2)
    other = categorical_levels([np.array([0, 1, 0, 0]), np.array([0, 1, 1, 1])], 2)
    # real: (0,0) (0,1) (1,0) (missing,0), a quarter each; synthetic: (0,0) a quarter, (1,1) three
    assert contingency_distance(one, other, (0, 1)) == pytest.approx(0.75)


def test_an_equal_table_has_no_distance(make_people, row_input):
    real = make_people(500, 1)
    findings = list(fidelity.check(row_input(real, real, real)))
    assert {f.value for f in findings if f.id in {fidelity.SHAPE, fidelity.TREND}} == {0.0}
    assert [f.synthetic for f in of(findings, fidelity.SHAPES) + of(findings, fidelity.TRENDS)] == [1.0, 1.0]
    assert {f.outcome for f in findings} == {Outcome.SHOWN}


def test_identifiers_are_left_out_and_scores_are_means(make_people, row_input):
    real, synthetic, holdout = (make_people(800, seed) for seed in (1, 2, 3))
    findings = list(fidelity.check(row_input(real, synthetic, holdout)))
    shapes, trends = of(findings, fidelity.SHAPE), of(findings, fidelity.TREND)
    assert (len(shapes), len(trends)) == (6, 15)
    assert all("id" not in f.scope.get("columns", [f.scope.get("column")]) for f in shapes + trends)
    for identifier, parts in ((fidelity.SHAPES, shapes), (fidelity.TRENDS, trends)):
        (score,) = of(findings, identifier)
        assert score.synthetic == pytest.approx(1 - np.mean([f.value for f in parts]))
        assert score.real == pytest.approx(1 - np.mean([f.null for f in parts]))
        assert score.value == pytest.approx(score.synthetic - score.real)
    # a fresh sample is as far from real as the holdout is, but for noise
    assert all(abs(f.value - f.null) < 0.06 for f in shapes + trends)


def test_without_a_holdout_there_is_no_floor(make_people, row_input):
    findings = list(fidelity.check(row_input(make_people(200, 1), make_people(200, 2))))
    assert {f.null for f in findings} == {None}
    assert of(findings, fidelity.SHAPES)[0].real is None


def test_rare_and_unseen_categories_are_counted_and_not_named(make_table, row_input):
    real = make_table(a=["common"] * 90 + ["secret"] * 9 + [None])
    synthetic = make_table(a=["common"] * 6 + ["secret"] * 2 + ["invented"] + [None])
    findings = list(fidelity.check(row_input(real, synthetic)))
    (finding,) = of(findings, fidelity.UNSEEN)
    assert (finding.detail["categories"], finding.detail["rows"], finding.synthetic) == (2, 3, 0.3)
    assert "secret" not in str([f.document() for f in findings])
    assert of(findings, fidelity.TRENDS)[0].reason == "too_few_columns"


def test_a_wide_table_lists_its_most_distant_pairs(row_input):
    rng = np.random.default_rng(0)
    names = [f"n{place:02}" for place in range(25)]
    schema = Schema(tuple(Column(name, Kind.FLOAT) for name in names))
    real = Table.from_columns({name: rng.normal(size=200) for name in names}, schema)
    twin = rng.normal(size=200)
    drawn = {name: rng.normal(size=200) for name in names} | {"n03": twin, "n17": twin}
    findings = list(fidelity.check(row_input(real, Table.from_columns(drawn, schema))))
    trends = of(findings, fidelity.TREND)
    assert len(trends) == 200
    assert max(trends, key=lambda f: f.value).scope["columns"] == ["n03", "n17"]
    assert of(findings, fidelity.TRENDS)[0].detail == {"distances": 300, "listed": 200, "real_is": None}


def test_adult_agrees_with_sdmetrics(adult, row_input):
    data = row_input(adult.real, adult.synthetic, adult.holdout)
    findings = list(fidelity.check(data))
    shapes = {f.scope["column"]: f.value for f in of(findings, fidelity.SHAPE)}
    assert shapes == pytest.approx(ADULT_SHAPES, abs=1e-12)
    for columns, distance in ADULT_TRENDS.items():
        (finding,) = of(findings, fidelity.TREND, columns=columns.split(" "))
        assert finding.value == pytest.approx(distance, abs=1e-12)
    assert of(findings, fidelity.SHAPES)[0].synthetic == pytest.approx(0.8716225, abs=1e-7)
