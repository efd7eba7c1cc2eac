"""Triples, rare categories, tails and rules: known answers, rules that are planted and broken, and what is not told."""

from __future__ import annotations

from itertools import combinations, product
from math import comb

import numpy as np
import pytest

from assaymark.checks.fidelity import constraints, dependencies, marginals, rarities, structure
from assaymark.checks.rounding import step
from assaymark.results.findings import Outcome
from assaymark.tables.schema import Column, Kind, Schema
from assaymark.tables.table import Table


def of(findings, identifier, **scope):
    return [f for f in findings if f.id == identifier and all(f.scope.get(k) == v for k, v in scope.items())]


def make(kinds, columns):
    return Table.from_columns(columns, Schema(tuple(Column(name, kind) for name, kind in kinds.items())))


def three_way(tables, names):
    """Total variation distance of three-way tables, with quintiles of the first table for numbers."""
    keys = []
    for table in tables:
        parts = []
        for name in names:
            if table.schema[name].kind is Kind.CATEGORICAL:
                codes, labels = table.labels(name)
                parts.append([None if code < 0 else labels[code] for code in codes])
            else:
                known = tables[0].numbers(name)
                cuts = np.unique(np.quantile(known[~np.isnan(known)], [0.2, 0.4, 0.6, 0.8]))
                own = table.numbers(name)
                parts.append(np.where(np.isnan(own), -1, np.searchsorted(cuts, own)).tolist())
        keys.append(list(zip(*parts, strict=True)))
    cells = {key: place for place, key in enumerate(dict.fromkeys(keys[0] + keys[1]))}
    shares = [np.bincount([cells[key] for key in own], minlength=len(cells)) / len(own) for own in keys]
    return np.abs(shares[0] - shares[1]).sum() / 2


def test_marginals_are_the_mean_over_all_triples(make_people, row_input):
    real, synthetic, holdout = make_people(700, 1), make_people(500, 2, signal=0.0), make_people(600, 3)
    names = [column.name for column in real.schema.learnable]
    triples = list(combinations(names, 3))
    (finding,) = of(structure.check(row_input(real, synthetic, holdout)), marginals.MARGINALS)
    expected = [[three_way((real, other), triple) for triple in triples] for other in (synthetic, holdout)]
    told = finding.detail["rounded_to"]
    assert told == step(600, len(triples), closely=True)
    assert finding.synthetic == pytest.approx(1 - np.mean(expected[0]), abs=told / 2 + 1e-9)
    assert finding.real == pytest.approx(1 - np.mean(expected[1]), abs=told / 2 + 1e-9)
    assert finding.detail["triples"] == finding.detail["of"] == comb(len(names), 3)
    worst = finding.detail["most_distant"][0]
    place = triples.index(tuple(worst["columns"]))
    assert expected[0][place] == pytest.approx(max(expected[0]), abs=1e-9)
    assert worst["distance"] == pytest.approx(expected[0][place], abs=step(600, closely=True) / 2)
    assert worst["holdout"] == pytest.approx(expected[1][place], abs=step(600, closely=True) / 2)
    low, high = finding.detail["score_interval"]
    assert low <= finding.synthetic <= high


def test_a_wide_table_has_a_declared_sample_of_triples():
    drawn = marginals.chosen(40, np.random.default_rng(3))
    assert len(drawn) == len(set(drawn)) == 500
    assert all(i < j < k < 40 for i, j, k in drawn)
    assert drawn == marginals.chosen(40, np.random.default_rng(3)) != marginals.chosen(40, np.random.default_rng(4))
    assert marginals.chosen(15, np.random.default_rng(3)) == list(combinations(range(15), 3))


def test_three_way_dependence_that_no_pair_shows_is_found(row_input):
    rng = np.random.default_rng(0)
    kinds = dict.fromkeys("abc", Kind.CATEGORICAL)

    def draw(*, parity):
        a, b, c = rng.integers(0, 2, (3, 4000))
        c = a ^ b if parity else c
        return make(kinds, {name: [str(value) for value in own] for name, own in zip("abc", (a, b, c), strict=True)})

    (finding,) = of(structure.check(row_input(draw(parity=True), draw(parity=False), draw(parity=True))), marginals.MARGINALS)
    assert finding.synthetic == pytest.approx(0.5, abs=0.03)
    assert finding.ci[1] < -0.4


def test_rare_categories_are_counted_where_ten_rows_hold_them(row_input):
    kinds = {"w": Kind.CATEGORICAL, "v": Kind.CATEGORICAL}
    common = ["x"] * 1961
    rare = ["r1"] * 12 + ["r2"] * 18
    real = make(kinds, {"w": [*common, *rare, *["secret"] * 9], "v": ["y"] * 2000})
    synthetic = make(kinds, {"w": ["x"] * 990 + ["r1"] * 10, "v": ["y"] * 1000})
    findings = list(structure.check(row_input(real, synthetic, real)))
    (finding,) = of(findings, rarities.RARE)
    assert (finding.detail["categories"], finding.detail["kept"], finding.synthetic) == (2, 1, 0.5)
    expected = np.mean([1 - (1 - count / 2000) ** 1000 for count in (12, 18)])
    assert finding.real == pytest.approx(expected, abs=5e-4)
    assert finding.detail["rows_in_them"]["real"] == pytest.approx(30 / 2000)
    assert "secret" not in str([f.document() for f in findings])
    assert "r1" not in str([f.document() for f in findings])


def test_no_rare_category_is_no_number(row_input, make_table):
    table = make_table(a=["x"] * 50 + ["y"] * 50)
    (finding,) = of(structure.check(row_input(table, table)), rarities.RARE)
    assert finding.reason == "no_rare_categories"


def test_tails_are_the_shares_beyond_quantiles_of_real(row_input):
    rng = np.random.default_rng(0)
    kinds = {"x": Kind.FLOAT}
    real, holdout = (make(kinds, {"x": rng.normal(size=5000)}) for _ in range(2))
    synthetic = make(kinds, {"x": np.clip(rng.normal(size=4000), -9, 2.0)})
    findings = list(structure.check(row_input(real, synthetic, holdout)))
    (upper,) = of(findings, rarities.TAIL, tail="upper")
    (lower,) = of(findings, rarities.TAIL, tail="lower")
    cut = np.quantile(real.numbers("x"), [0.01, 0.99])
    assert (upper.real, upper.synthetic, upper.ci[1] < 0) == (0.01, 0.0, True)
    assert lower.synthetic == pytest.approx((synthetic.numbers("x") < cut[0]).mean(), abs=5.1e-4)
    assert upper.null == pytest.approx(abs((holdout.numbers("x") > cut[1]).mean() - 0.01), abs=1.1e-3)
    document = str([f.document() for f in findings])
    assert all(f"{end:.4f}"[:6] not in document for end in cut)


def test_a_tail_of_fewer_than_ten_rows_is_not_told(row_input):
    kinds = {"x": Kind.FLOAT}
    real = make(kinds, {"x": np.concatenate([np.zeros(900), np.arange(95.0), [1e9] * 5])})
    holdout = make(kinds, {"x": np.concatenate([np.zeros(990), np.full(10, 94.5)])})
    few = list(structure.check(row_input(make(kinds, {"x": np.arange(500.0)}), real)))
    assert {f.reason for f in of(few, rarities.TAIL)} == {"no_tail"}
    (upper,) = of(structure.check(row_input(real, real, holdout)), rarities.TAIL, tail="upper")
    assert (upper.real, upper.null) == (0.01, pytest.approx(0.0, abs=1e-9))
    (alone,) = of(structure.check(row_input(real, real, make(kinds, {"x": np.zeros(1000)}))), rarities.TAIL, tail="upper")
    assert alone.null is None


def coded_people(rows, seed, *, broken=0.0):
    """A code and its name, which belong together; and a city that decides its region."""
    rng = np.random.default_rng(seed)
    code = rng.integers(0, 12, rows)
    name = np.where(rng.random(rows) < broken, rng.integers(0, 12, rows), code)
    kinds = {"code": Kind.INTEGER, "name": Kind.CATEGORICAL, "region": Kind.CATEGORICAL, "other": Kind.CATEGORICAL}
    return make(
        kinds,
        {
            "code": code,
            "name": [f"n{value}" for value in name],
            "region": [None if value == 2 else f"g{value}" for value in code // 4],
            "other": rng.choice(["p", "q"], rows).tolist(),
        },
    )


def test_dependencies_are_found_one_way_and_their_breaks_counted(row_input):
    real, synthetic, holdout = coded_people(3000, 1), coded_people(2500, 2, broken=0.2), coded_people(3000, 3)
    findings = of(structure.check(row_input(real, synthetic, holdout)), dependencies.DEPENDENCY)
    found = {tuple(f.scope["columns"]): f for f in findings}
    assert set(found) == {("code", "name"), ("name", "code"), ("code", "region"), ("name", "region")}
    finding = found["code", "name"]
    wrong = (
        synthetic.numbers("code")
        != np.array([int(label[1:]) for label in np.array(synthetic.labels("name")[1])])[synthetic.labels("name")[0]]
    )
    assert finding.detail["broken"] == wrong.sum() == round(finding.synthetic * 2500)
    assert finding.outcome is Outcome.EXCEEDED
    assert found["code", "region"].detail["broken"] == 0
    assert found["code", "region"].outcome is Outcome.WITHIN


def test_a_dependency_that_the_holdout_breaks_is_none(row_input):
    real, holdout = coded_people(3000, 1), coded_people(3000, 3, broken=0.05)
    found = of(structure.check(row_input(real, real, holdout)), dependencies.DEPENDENCY)
    assert {tuple(f.scope["columns"]) for f in found} == {("code", "region")}


def test_what_few_real_rows_hold_decides_nothing(row_input):
    kinds = {"key": Kind.CATEGORICAL, "value": Kind.CATEGORICAL}
    real = make(kinds, {"key": [f"k{place // 5}" for place in range(1000)], "value": ["a", "b"] * 500})
    unique = make(kinds, {"key": [f"k{place}" for place in range(900)], "value": ["a", "b"] * 450})
    constant = make(kinds, {"key": ["k", "l"] * 500, "value": ["a"] * 999 + ["b"]})
    for table in (real, unique, constant):
        assert not of(structure.check(row_input(table, table)), dependencies.DEPENDENCY)


def test_adult_says_that_education_and_its_number_belong_together(adult, row_input):
    findings = of(structure.check(row_input(adult.real, adult.synthetic, adult.holdout)), dependencies.DEPENDENCY)
    assert {tuple(f.scope["columns"]) for f in findings} == {("education", "education_num"), ("education_num", "education")}
    pairs = set(zip(*(adult.real.arrow.column(name).to_pylist() for name in ("education", "education_num")), strict=True))
    drawn = zip(*(adult.synthetic.arrow.column(name).to_pylist() for name in ("education", "education_num")), strict=True)
    wrong = sum(pair not in pairs for pair in drawn)
    assert {f.detail["broken"] for f in findings} == {wrong}


NUMBERS = {
    **dict.fromkeys(("paid", "due", "part", "rest", "whole", "steps", "floor", "debt"), Kind.FLOAT),
    "start": Kind.DATETIME,
    "end": Kind.DATETIME,
}


def accounts(rows, seed, *, broken=0.0):
    rng = np.random.default_rng(seed)

    def wrong():
        return rng.random(rows) < broken

    due = np.round(rng.gamma(2.0, 50.0, rows), 2)
    paid = np.round(due * rng.beta(3, 2, rows), 2)
    part, rest = rng.integers(1, 60, rows), rng.integers(1, 60, rows)
    start = np.datetime64("2020-01-01", "us") + rng.integers(0, 900, rows) * np.timedelta64(86_400_000_000, "us")
    stay = rng.integers(1, 400, rows) * np.where(wrong(), -1, 1)
    return make(
        NUMBERS,
        {
            "paid": np.where(wrong(), due + 1.0, paid),
            "due": due,
            "part": part,
            "rest": rest,
            "whole": part + rest + wrong(),
            "steps": 25 * rng.integers(0, 90, rows) + wrong(),
            "floor": np.maximum(rng.normal(size=rows), -0.5) - wrong(),
            "debt": np.where(wrong(), -1.0, 1.0) * rng.gamma(2.0, 1.0, rows),
            "start": start,
            "end": start + stay * np.timedelta64(86_400_000_000, "us"),
        },
    )


PLANTED = {
    "paid <= due",
    "part + rest = whole",
    "steps is a multiple of 25",
    "floor >= -0.5",
    "debt >= 0",
    "start <= end",
}


def test_planted_constraints_are_found_and_breaks_counted(row_input):
    tables = accounts(2000, 1), accounts(1500, 2, broken=0.1), accounts(2000, 3)
    found = {f.scope["rule"]: f for f in of(structure.check(row_input(*tables)), constraints.CONSTRAINT)}
    assert set(found) >= PLANTED
    synthetic = {name: tables[1].numbers(name) for name in NUMBERS}
    breaks = {
        "paid <= due": synthetic["paid"] > synthetic["due"],
        "part + rest = whole": synthetic["part"] + synthetic["rest"] != synthetic["whole"],
        "steps is a multiple of 25": synthetic["steps"] % 25 != 0,
        "floor >= -0.5": synthetic["floor"] < -0.5,
        "debt >= 0": synthetic["debt"] < 0,
        "start <= end": synthetic["start"] > synthetic["end"],
    }
    for rule, wrong in breaks.items():
        finding = found[rule]
        assert (finding.detail["broken"], finding.detail["kept"]) == (wrong.sum(), (~wrong).sum())
        assert finding.outcome is Outcome.EXCEEDED
    copied = of(structure.check(row_input(tables[0], tables[0], tables[2])), constraints.CONSTRAINT)
    assert {f.outcome for f in copied} == {Outcome.WITHIN}
    assert {f.synthetic for f in copied} == {0.0}


def test_orders_that_scale_alone_explains_and_chance_multiples_are_no_rules(row_input):
    rng = np.random.default_rng(0)
    kinds = dict.fromkeys(("small", "large", "any"), Kind.INTEGER)
    table = make(
        kinds, {"small": rng.integers(0, 10, 500), "large": rng.integers(20, 30, 500), "any": rng.integers(0, 10, 500)}
    )
    rules = {f.scope["rule"] for f in of(structure.check(row_input(table, table)), constraints.CONSTRAINT)}
    assert rules == {
        f"{name} {sign} {end}"
        for (name, ends) in (("small", (0, 9)), ("large", (20, 29)), ("any", (0, 9)))
        for sign, end in zip((">=", "<="), ends, strict=True)
    }


def test_no_value_of_few_rows_is_told(row_input):
    rng = np.random.default_rng(0)
    kinds = {"x": Kind.FLOAT, "w": Kind.CATEGORICAL, "n": Kind.INTEGER}
    x = np.round(rng.normal(1000, 50, 3000), 3)
    x[:9] = 123456.789  # nine rows hold the largest number, nine the smallest
    x[9:18] = -98765.432
    n = rng.integers(0, 50, 3000)
    n[:9], n[9:12] = 77777, -66666
    table = make(kinds, {"x": x, "w": ["a"] * 2991 + ["secret"] * 9, "n": n})
    document = str([f.document() for f in structure.check(row_input(table, table, table))])
    for value in ("123456", "98765", "77777", "66666", "secret"):
        assert value not in document


@pytest.mark.parametrize(("rows", "synthetic_rows"), [(1, 1), (1, 150), (3, 150), (150, 1), (150, 150)])
def test_few_rows_constants_and_empty_columns_do_no_harm(rows, synthetic_rows, row_input):
    kinds = {"n": Kind.FLOAT, "c": Kind.INTEGER, "w": Kind.CATEGORICAL, "d": Kind.DATETIME, "b": Kind.BOOLEAN}

    def table(count, *, empty):
        day = np.full(count, np.datetime64("NaT", "us")) if empty else np.full(count, np.datetime64("2020-02-29", "us"))
        return make(
            kinds,
            {
                "n": np.full(count, np.nan) if empty else np.arange(count) / 3,
                "c": np.full(count, 3),
                "w": [None] * count if empty else [str(place) for place in range(count)],
                "d": day,
                "b": [None] * count if empty else [True] * count,
            },
        )

    for first, second in product([False, True], repeat=2):
        real, synthetic = table(rows, empty=first), table(synthetic_rows, empty=second)
        findings = list(structure.check(row_input(real, synthetic, real)))
        assert all((f.outcome is Outcome.NOT_ESTIMABLE) == (f.reason is not None) for f in findings)


def test_two_hundred_columns_list_the_most_broken_rules(row_input):
    rng = np.random.default_rng(0)
    kinds = {f"n{place:03}": Kind.INTEGER for place in range(200)}
    real = make(kinds, {name: rng.integers(0, 30, 400) for name in kinds})
    drawn = {name: rng.integers(0, 30, 400) for name in kinds} | {"n150": rng.integers(-30, 0, 400)}
    findings = list(structure.check(row_input(real, make(kinds, drawn))))
    rules = of(findings, constraints.CONSTRAINT)
    assert len(rules) == 100
    assert rules[0].detail["rules"] > 300
    (broken,) = [f for f in rules if f.scope["rule"] == "n150 >= 0"]
    assert broken.synthetic == 1.0
    assert of(findings, marginals.MARGINALS)[0].detail["triples"] == 500
