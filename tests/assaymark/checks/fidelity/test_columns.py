"""The findings of columns and pairs: known answers, bad input, and what they keep to themselves."""

from __future__ import annotations

import numpy as np
import pytest

from assaymark.checks.fidelity import columns as fidelity
from assaymark.checks.fidelity.comparison import compare
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


def test_an_equal_table_has_no_distance(make_people, row_input):
    real = make_people(500, 1)
    findings = list(fidelity.check(row_input(real, real, real)))
    assert {f.value for f in findings if f.id in {fidelity.SHAPE, fidelity.TREND}} == {0.0}
    assert [f.synthetic for f in of(findings, fidelity.SHAPES) + of(findings, fidelity.TRENDS)] == [1.0, 1.0]
    assert {f.outcome for f in findings} == {Outcome.SHOWN}
    assert all(f.ci[0] == 0.0 < f.ci[1] for f in findings if f.id in {fidelity.SHAPE, fidelity.TREND})


def test_identifiers_are_left_out_and_scores_are_means(make_people, row_input):
    real, synthetic, holdout = (make_people(800, seed) for seed in (1, 2, 3))
    findings = list(fidelity.check(row_input(real, synthetic, holdout)))
    shapes, trends = of(findings, fidelity.SHAPE), of(findings, fidelity.TREND)
    assert (len(shapes), len(trends)) == (6, 15)
    assert all("id" not in f.scope.get("columns", [f.scope.get("column")]) for f in shapes + trends)
    for identifier, parts in ((fidelity.SHAPES, shapes), (fidelity.TRENDS, trends)):
        (score,) = of(findings, identifier)
        step = parts[0].detail["rounded_to"]
        assert score.synthetic == pytest.approx(1 - np.mean([f.value for f in parts]), abs=step / 2)
        assert score.real == pytest.approx(1 - np.mean([f.null for f in parts]), abs=step)
        assert score.value == pytest.approx(score.synthetic - score.real, abs=1.5 * score.detail["rounded_to"])
        assert score.ci[0] < 0.0 < score.ci[1]  # neither is nearer to real
        low, high = score.detail["score_interval"]
        assert low <= score.synthetic <= high
    # a fresh sample is as far from real as the holdout is, but for noise
    assert all(abs(f.value - f.null) < 0.06 + f.detail["rounded_to"] for f in shapes + trends)


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


def test_no_number_gives_a_small_count_away(make_table, row_input):
    """Of 1,000 real rows a few are rare: who has the synthetic table finds at least ten counts that fit each distance."""
    rows = 1000

    def rare(count):
        return make_table(w=["rare"] * count + ["common"] * (rows - count), v=(["x", "y"] * rows)[:rows])

    def told(count):
        found = [f for f in fidelity.check(row_input(rare(count), rare(32), rare(20))) if f.id != fidelity.UNSEEN]
        return [number for f in found for number in (f.value, f.synthetic, f.detail["sdmetrics"]["score"])]

    every = {count: told(count) for count in range(100)}
    assert every[2][0] > 0
    for secret in range(1, 10):
        for place, number in enumerate(every[secret]):
            assert sum(other[place] == number for other in every.values()) >= 10


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
    detail = of(findings, fidelity.TRENDS)[0].detail
    assert (detail["distances"], detail["listed"], detail["real_is"]) == (300, 200, None)


def test_adult_agrees_with_sdmetrics(adult, row_input):
    data = row_input(adult.real, adult.synthetic, adult.holdout)
    findings = list(fidelity.check(data))
    shapes = {f.scope["column"]: f.value for f in of(findings, fidelity.SHAPE)}
    exact = compare([data.real, data.synthetic], data.schema.learnable)
    assert {m.columns[0]: m.value for m in exact.shapes.measures} == pytest.approx(ADULT_SHAPES, abs=1e-12)
    assert shapes == pytest.approx(ADULT_SHAPES, abs=0.002 / 2 + 1e-12)  # 20 of 16,281 rows, upward to a round number
    trends = {" ".join(m.columns): m.value for m in exact.trends.measures}
    for columns, distance in ADULT_TRENDS.items():
        (finding,) = of(findings, fidelity.TREND, columns=columns.split(" "))
        assert trends[columns] == pytest.approx(distance, abs=1e-12)
        assert finding.value == pytest.approx(distance, abs=0.002 / 2 + 1e-12)
    (score,) = of(findings, fidelity.SHAPES)
    assert score.synthetic == pytest.approx(0.8716225, abs=score.detail["rounded_to"] / 2)
    assert exact.shapes.synthetic.value == pytest.approx(1 - 0.8716225, abs=1e-7)


def test_missing_numbers_count():
    schema = Schema((Column("x", Kind.FLOAT),))
    full, half = np.arange(10.0), np.where(np.arange(10) % 2 == 0, np.nan, np.arange(10.0))
    tables = [Table.from_columns({"x": own}, schema) for own in (full, half, np.full(3, np.nan))]

    def distance(first, second):
        return compare([first, second], list(schema)).shapes.measures[0]

    assert distance(tables[0], tables[1]).value == pytest.approx(0.5)
    assert distance(tables[1], tables[1]).value == 0.0
    never = distance(tables[2], tables[0])
    assert (never.value, never.theirs.scores) == (1.0, (None,))


def test_columns_drawn_apart_have_good_shapes_and_bad_trends(adult, row_input):
    rng = np.random.default_rng(0)
    apart = adult.real.arrow
    for place, name in enumerate(apart.column_names):
        apart = apart.set_column(place, name, apart.column(name).take(rng.permutation(adult.real.rows)))
    findings = list(fidelity.check(row_input(adult.real, Table(apart, adult.real.schema), adult.holdout)))
    (shapes,), (trends,) = of(findings, fidelity.SHAPES), of(findings, fidelity.TRENDS)
    assert shapes.synthetic == 1.0
    assert trends.ci[1] < -0.03
    (pair,) = of(findings, fidelity.TREND, columns=["education", "education_num"])
    assert pair.ci[0] > 0.5
    assert pair.null < 0.05


@pytest.mark.parametrize("rows", [1, 2, 7])
def test_few_rows_constants_and_empty_columns_have_numbers(rows, row_input):
    schema = Schema(
        (Column("n", Kind.FLOAT), Column("c", Kind.INTEGER), Column("w", Kind.CATEGORICAL), Column("b", Kind.BOOLEAN))
    )
    empty = {"n": np.full(rows, np.nan), "c": np.full(rows, 3), "w": [None] * rows, "b": [True] * rows}
    full = {"n": np.arange(rows) * 1.5, "c": np.arange(rows), "w": [str(r) for r in range(rows)], "b": [None] * rows}
    tables = [Table.from_columns(columns, schema) for columns in (empty, full)]
    for real, synthetic in (tables, tables[::-1]):
        exact = compare([real, synthetic, real], list(schema))
        assert all(0.0 <= m.value <= 1.0 for part in (exact.shapes, exact.trends) for m in part.measures)
        findings = list(fidelity.check(row_input(real, synthetic, real)))
        told = {f.outcome for f in findings if f.id in {fidelity.SHAPE, fidelity.TREND}}
        assert told == {Outcome.NOT_ESTIMABLE}  # any number would give the few rows away
        assert all(0.0 <= f.value <= 1.0 for f in findings if f.id == fidelity.UNSEEN)


def test_wide_tables_and_ten_thousand_categories(row_input):
    rng = np.random.default_rng(0)
    kinds = {f"n{place}": Kind.FLOAT for place in range(180)} | {f"w{place}": Kind.CATEGORICAL for place in range(20)}
    schema = Schema(tuple(Column(name, kind) for name, kind in kinds.items()))

    def draw():
        columns = {name: rng.normal(size=300) for name in kinds}
        columns |= {name: rng.choice(["a", "b"], 300).tolist() for name, kind in kinds.items() if kind is Kind.CATEGORICAL}
        return Table.from_columns(columns, schema)

    findings = list(fidelity.check(row_input(draw(), draw())))
    assert of(findings, fidelity.TRENDS)[0].detail["distances"] == 200 * 199 // 2
    many = Schema((Column("a", Kind.CATEGORICAL), Column("b", Kind.CATEGORICAL), Column("c", Kind.FLOAT)))
    values = [f"v{place:05}" for place in range(10_000)]
    table = Table.from_columns({"a": values, "b": values[::-1], "c": np.arange(10_000.0)}, many)
    assert {f.value for f in fidelity.check(row_input(table, table)) if f.id == fidelity.TREND} == {0.0}
