"""Conditions on sampled rows, of generators that declare them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.errors import AssaymarkError
from assaymark.tables.schema import Column, Kind, Schema
from assaymark.tables.table import Table
from assaymark.testing.conformance.catalogue import Nonconformance, conformance, require

if TYPE_CHECKING:
    from assaymark.testing.conformance.subject import Subject


def _unconditional(subject: Subject) -> str | None:
    if not subject.spec.capabilities.conditional:
        return "conditions are not declared"
    return None if Kind.CATEGORICAL in subject.spec.capabilities.kinds else "categorical columns are not declared"


@conformance("conditions.respected", unless=_unconditional)
def respected(subject: Subject) -> None:
    """Every row has the values that are asked for."""
    made = subject.sample(subject.fitted, 200, where={"sex": "Female", "approved": "yes"})
    require(made.rows == 200, f"200 rows asked for, {made.rows} made")  # noqa: PLR2004 - as asked for above
    for name, value in (("sex", "Female"), ("approved", "yes")):
        require(set(made.column(name).to_pylist()) == {value}, f"{name} is not always {value}")


@conformance("conditions.rare", unless=_unconditional)
def rare(subject: Subject) -> None:
    """A combination that 12 of 3,000 rows have is made as often as it is asked for."""
    rows, few = np.arange(3000), 12
    columns = {
        "kind": np.where(rows < few, "odd", np.where(rows % 2, "a", "b")).tolist(),
        "flag": np.where((rows < few) | (rows % 7 == 0), "on", "off").tolist(),
    }
    schema = Schema(tuple(Column(name, Kind.CATEGORICAL) for name in columns))
    made = subject.sample(subject.fit(Table.from_columns(columns, schema)), 100, where={"kind": "odd", "flag": "on"})
    require(set(made.column("kind").to_pylist()) == {"odd"}, "a rare value is not kept to")
    require(set(made.column("flag").to_pylist()) == {"on"}, "a rare combination is not kept to")


@conformance("conditions.unknown_refused", unless=_unconditional)
def unknown(subject: Subject) -> None:
    """A condition on a column or value that the table does not have is refused by an error of Assaymark."""
    for where in ({"no such column": 1}, {"sex": "no such value"}):
        try:
            subject.sample(subject.fitted, 5, where=where)
        except AssaymarkError as error:
            require(error.remedy, f"the error {error.code} has no remedy")
        except Exception as error:
            raise Nonconformance(f"{where} raises {type(error).__name__}") from error
        else:
            raise Nonconformance(f"{where} is accepted")
