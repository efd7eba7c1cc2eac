"""Minorities: they must survive, and what becomes of their outcomes is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.tables.schema import Column, Kind, Role, Schema
from assaymark.tables.table import Table
from assaymark.testing.conformance.catalogue import conformance, require

if TYPE_CHECKING:
    from assaymark.testing.conformance.subject import Subject

_ROWS, _SHARE = 2000, 0.05
_LEAST = 0.25  # of its share that a group must keep; chance alone leaves more than half


def _no_categories(subject: Subject) -> str | None:
    return None if Kind.CATEGORICAL in subject.spec.capabilities.kinds else "categorical columns are not declared"


@conformance("fairness.minority_survives", unless=_no_categories)
def minority(subject: Subject) -> str:
    """A protected group of 5% of the rows keeps at least a quarter of its share."""
    table = _population()
    made = subject.sample(subject.fit(table), _ROWS)
    share = float(np.mean([value == "few" for value in made.column("group").to_pylist()]))
    require(share >= _LEAST * _SHARE, f"a group of 5% of the rows is {share:.1%} of what is made")
    return f"5.0% became {share:.1%}; gap of outcomes {_gap(table):+.2f} became {_gap(made):+.2f}"


@conformance("fairness.outcomes_survive", unless=_no_categories)
def outcomes(subject: Subject) -> None:
    """The outcome of 30% of the rows keeps between half and twice its share."""
    table = _population()
    made = subject.sample(subject.fit(table), _ROWS)
    shares = [float(np.mean([value == "yes" for value in each.column("outcome").to_pylist()])) for each in (table, made)]
    require(shares[0] / 2 <= shares[1] <= shares[0] * 2, f"an outcome of {shares[0]:.0%} became {shares[1]:.0%}")


def _population() -> Table:
    """Return rows of two groups, of which the few have the outcome half as often."""
    rng = np.random.Generator(np.random.PCG64(11))
    few = np.arange(_ROWS) % round(1 / _SHARE) == 0
    outcome = rng.random(_ROWS) < np.where(few, 0.15, 0.30)
    columns = {
        "group": np.where(few, "few", "many").tolist(),
        "outcome": np.where(outcome, "yes", "no").tolist(),
        "word": rng.choice(["a", "b", "c"], _ROWS).tolist(),
    }
    roles = {"group": frozenset({Role.PROTECTED}), "outcome": frozenset({Role.TARGET})}
    return Table.from_columns(
        columns, Schema(tuple(Column(name, Kind.CATEGORICAL, roles.get(name, frozenset())) for name in columns))
    )


def _gap(table: Table) -> float:
    groups, outcome = (np.array(table.column(name).to_pylist(), dtype=object) for name in ("group", "outcome"))
    rates = [
        float(np.mean(outcome[groups == group] == "yes")) if (groups == group).any() else np.nan for group in ("many", "few")
    ]
    return rates[0] - rates[1]
