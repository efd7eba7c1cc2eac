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


@pytest.mark.parametrize("where", [{"planet": "Venus"}, {"moon": "Io"}, {"amount": 50.0}])
def test_conditions_on_what_is_unknown_are_refused(fitted, where):
    with pytest.raises(ConditionError):
        sample(fitted, 10, where)
