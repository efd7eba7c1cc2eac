"""Conditions: exact, however rare, and with the right distribution of the rest."""

from __future__ import annotations

import numpy as np
import pytest

from assaymark.errors import ConditionError
from assaymark.execution import Run
from assaymark.host.registry import load_registry, open_generator
from assaymark.tables.schema import Column, Kind, Role, Schema
from assaymark.tables.table import Table

ROWS = 12_000


@pytest.fixture(scope="module")
def rare():
    """Return rows of which 0.2% are fraud, and of those half are from Mars, which one in a hundred rows is."""
    rng = np.random.default_rng(4)
    fraud = np.arange(ROWS) < 24
    mars = np.where(fraud, np.arange(ROWS) % 2 == 0, rng.random(ROWS) < 0.01)
    half = rng.integers(0, 4, ROWS)
    columns = {
        "planet": np.where(mars, "Mars", "Earth"),
        "channel": np.where(fraud, "web", rng.choice(["web", "desk", "phone"], ROWS)),
        "half": half.astype(str),
        "quarter": (half // 2).astype(str),
        "amount": np.round(np.where(fraud, 9000, 50) * np.exp(rng.normal(0, 0.3, ROWS)), 2),
        "fraud": np.where(fraud, "1", "0"),
    }
    kinds, roles = {"amount": Kind.FLOAT}, {"fraud": frozenset({Role.TARGET})}
    schema = Schema(
        tuple(
            Column(
                name, kinds.get(name, Kind.CATEGORICAL), roles.get(name, frozenset()), decimals=2 if name == "amount" else None
            )
            for name in columns
        )
    )
    return Table.from_columns(columns, schema)


@pytest.fixture(scope="module", params=["copula", "gan", "diffusion"])
def fitted(request, rare):
    settings = {} if request.param == "copula" else {"steps": 800, "width": 64}
    return open_generator(load_registry().generator(request.param), settings).fit(rare, rare.schema, Run(0))


def sample(fitted, rows, where):
    return Table.concat(list(fitted.sample(rows, Run(0), where))).to_pandas()


def test_a_class_of_one_in_five_hundred_is_oversampled(fitted):
    made = sample(fitted, 400, {"fraud": 1})
    assert len(made) == 400
    assert set(made["fraud"]) == {"1"}
    assert (made["channel"] == "web").mean() > 0.6


def test_a_combination_of_one_in_a_thousand_is_exact(fitted):
    made = sample(fitted, 300, {"fraud": "1", "planet": "Mars"})
    assert set(made["fraud"]) == {"1"}
    assert set(made["planet"]) == {"Mars"}
    assert len(made) == 300


def test_conditions_keep_what_the_rest_depends_on(fitted):
    made = sample(fitted, 2000, {"half": "3"})
    assert (made["quarter"] == "1").mean() > 0.97


def test_conditions_that_contradict_each_other_are_refused(fitted):
    with pytest.raises(ConditionError, match="contradict"):
        sample(fitted, 10, {"half": "3", "quarter": "0"})


@pytest.mark.parametrize(
    "where", [{"planet": "Venus"}, {"moon": "Io"}, {"amount": "fifty"}, {"amount": 50.001}, {"amount": 1e7}]
)
def test_conditions_on_what_is_unknown_are_refused(fitted, where):
    with pytest.raises(ConditionError):
        sample(fitted, 10, where)


@pytest.mark.parametrize("amount", [50.0, "8000.25"])
def test_conditions_on_a_number_are_exact_and_keep_what_the_rest_depends_on(fitted, amount):
    made = sample(fitted, 400, {"amount": amount})
    assert set(made["amount"]) == {float(amount)}
    assert ((made["fraud"] == "1").mean() > 0.02) == (float(amount) > 1000)  # ten times as often as in all rows


def test_a_number_and_categories_together_are_exact(fitted):
    made = sample(fitted, 200, {"amount": "9000.5", "fraud": "1", "planet": "Mars"})
    assert set(made["amount"]) == {9000.5}
    assert set(made["fraud"]) == {"1"}
    assert set(made["planet"]) == {"Mars"}
    assert (made["channel"] == "web").mean() > 0.6


def test_a_combination_of_one_in_ten_thousand_is_exact(fitted):
    made = sample(fitted, 50, {"planet": "Mars", "channel": "desk", "half": "2"})  # about ten rows
    assert len(made) == 50
    for name, value in (("planet", "Mars"), ("channel", "desk"), ("half", "2")):
        assert set(made[name]) == {value}


@pytest.fixture(scope="module", params=["copula", "gan", "diffusion"])
def numbers(request):
    """Return a generator fitted to two correlated numbers, a date, and a number with a spike."""
    rng = np.random.default_rng(5)
    x, noise = rng.normal(size=(2, 6000))
    days = np.datetime64("2020-01-01") + np.round(500 + 200 * x).astype("timedelta64[D]")
    columns = {
        "x": x,
        "y": 0.9 * x + np.sqrt(0.19) * noise,
        "day": days.astype("datetime64[us]"),
        "pay": np.where(rng.random(6000) < 0.4, 0, np.round(1e6 * np.exp(0.5 * x))).astype(int),
    }
    kinds = {"day": Kind.DATETIME, "pay": Kind.INTEGER}
    schema = Schema(tuple(Column(name, kinds.get(name, Kind.FLOAT)) for name in columns))
    table = Table.from_columns(columns, schema)
    settings = {} if request.param == "copula" else {"steps": 800, "width": 64}
    return open_generator(load_registry().generator(request.param), settings).fit(table, schema, Run(0))


@pytest.mark.parametrize("x", [-1.2, 0.3, 1.5])
def test_the_rest_depends_on_a_number_that_is_given(numbers, x):
    made = sample(numbers, 1500, {"x": x})
    assert set(made["x"]) == {x}
    assert made["y"].mean() == pytest.approx(0.9 * x, abs=0.25)
    assert made["y"].std() == pytest.approx(np.sqrt(0.19), abs=0.2)
    days = (made["day"] - np.datetime64("2020-01-01")) / np.timedelta64(1, "D")
    assert days.median() == pytest.approx(500 + 200 * x, abs=40)


def test_dates_and_spikes_are_conditions_too(numbers):
    for day in ("2021-12-01", np.datetime64("2021-12-01"), "2021-12-01T00:00"):
        made = sample(numbers, 300, {"day": day})
        assert set(made["day"]) == {np.datetime64("2021-12-01T00:00:00.000000")}
        assert made["x"].mean() == pytest.approx((700 - 500) / 200, abs=0.25)
    assert set(sample(numbers, 100, {"pay": 0})["pay"]) == {0}
    made = sample(numbers, 300, {"pay": "1500000"})
    assert set(made["pay"]) == {1_500_000}
    assert made["x"].mean() == pytest.approx(np.log(1.5) / 0.5, abs=0.3)
    with pytest.raises(ConditionError):
        sample(numbers, 10, {"day": "2021-12-01T12:00"})  # all rows have whole days
    with pytest.raises(ConditionError):
        sample(numbers, 10, {"day": "1950-01-01"})
