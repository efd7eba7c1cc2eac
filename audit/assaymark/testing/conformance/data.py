"""Columns, rows, kinds and values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.errors import AssaymarkError
from assaymark.execution import BATCH_ROWS, Run
from assaymark.tables.schema import Column, Kind, Schema
from assaymark.tables.table import Table
from assaymark.testing.conformance.catalogue import Nonconformance, conformance, require

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assaymark.testing.conformance.subject import Subject

_HOSTILE = ("two words", "näive ☃", "'; drop table x; --", "__class__", "1st", "a,b", "=cmd()", "select")
_NULL_TOLERANCE = 0.1  # of a share of missing values, at 600 and 300 rows


@conformance("data.columns_kept")
def columns(subject: Subject) -> None:
    """Names, order and types of the columns are those of the table."""
    made, real = subject.sampled.arrow.schema, subject.table.arrow.schema
    require(made.names == real.names, f"columns are {made.names}")
    require(made.types == real.types, f"types are {[str(kind) for kind in made.types]}")


@conformance("data.rows_exact")
def rows(subject: Subject) -> None:
    """As many rows come out as are asked for: one, seven, and one more than a batch."""
    for wanted in (1, 7, BATCH_ROWS + 1):
        found = subject.sample(subject.fitted, wanted).rows
        require(found == wanted, f"{wanted} rows asked for, {found} made")


@conformance("data.batches")
def batches(subject: Subject) -> None:
    """Every batch but the last has BATCH_ROWS rows, so that batches can be made apart."""
    sizes = [batch.rows for batch in subject.fitted.sample(BATCH_ROWS + 5, Run(0))]
    require(sizes == [BATCH_ROWS, 5], f"batches of {sizes} rows")


@conformance("data.input_left_alone")
def untouched(subject: Subject) -> None:
    """Fitting and sampling change nothing in the table."""
    table = Table.from_arrow(subject.table.arrow, subject.table.schema)
    copies = {name: np.array(table.numbers(name)) for name in table.names if table.schema[name].kind in _NUMERIC}
    before = table.arrow.to_pydict()
    subject.sample(subject.fit(table), 5)
    require(table.arrow.to_pydict() == before, "the table was changed")
    for name, numbers in copies.items():
        require(np.array_equal(table.numbers(name), numbers, equal_nan=True), f"the numbers of {name} were changed")


_NUMERIC = frozenset({Kind.INTEGER, Kind.FLOAT})


@conformance("data.categories_known")
def categories(subject: Subject) -> None:
    """No category is made that the table does not have."""
    for column in subject.table.schema:
        if column.kind in {Kind.CATEGORICAL, Kind.BOOLEAN}:
            known, made = (set(table.column(column.name).to_pylist()) for table in (subject.table, subject.sampled))
            require(made <= known | {None}, f"{column.name} has {sorted(map(str, made - known))[:3]}")


@conformance("data.bounds_kept")
def bounds(subject: Subject) -> None:
    """Numbers and dates stay within the smallest and largest value of the table."""
    for column in subject.table.schema:
        if column.kind in {Kind.INTEGER, Kind.FLOAT, Kind.DATETIME}:
            real, made = (
                [value for value in table.column(column.name).to_pylist() if value is not None]
                for table in (subject.table, subject.sampled)
            )
            if real and made:
                require(min(real) <= min(made), f"{column.name} goes down to {min(made)}, below {min(real)}")
                require(max(made) <= max(real), f"{column.name} goes up to {max(made)}, above {max(real)}")


@conformance("data.nulls_kept")
def nulls(subject: Subject) -> None:
    """Columns with missing values have about as many, and columns without have none."""
    for name in subject.table.names:
        real, made = (
            table.column(name).null_count / table.rows for table in (subject.table, subject.sample(subject.fitted, 1000))
        )
        require(real > 0 or made == 0, f"{name} has missing values, and the table has none")
        require(abs(real - made) <= _NULL_TOLERANCE, f"{name}: {real:.0%} missing in the table, {made:.0%} made")


@conformance("data.constant_column")
def constant(subject: Subject) -> None:
    """A constant column stays constant."""
    made = _made(subject, {"same": (Kind.CATEGORICAL, ["x"] * 200), "n": (Kind.INTEGER, np.arange(200) % 20)})
    if made is not None and "same" in made.names:
        require(set(made.column("same").to_pylist()) == {"x"}, "a constant column has other values")


@conformance("data.empty_column", unless=lambda s: None if s.spec.capabilities.nulls else "missing values are not declared")
def empty(subject: Subject) -> None:
    """A column without any value stays empty, or is refused by an error of Assaymark."""
    made = _made(subject, {"none": (Kind.CATEGORICAL, [None] * 200), "n": (Kind.INTEGER, np.arange(200) % 20)})
    if made is not None and "none" in made.names:
        require(made.column("none").null_count == made.rows, "an empty column was filled")


@conformance("data.one_column")
def one_column(subject: Subject) -> None:
    """A table of one column is learned, or refused by an error of Assaymark."""
    made = _made(subject, {"n": (Kind.INTEGER, np.arange(200) % 20)})
    require(made is None or made.names == ("n",), "the column is lost")


@conformance("data.wide")
def wide(subject: Subject) -> None:
    """A table of 60 columns and 120 rows is learned."""
    rng = np.random.Generator(np.random.PCG64(5))
    columns = {f"c{place:02}": (Kind.INTEGER, rng.integers(0, 10, 120)) for place in range(60)}
    made = _made(subject, columns)
    require(made is None or len(made.names) == len(columns), "columns are lost")


@conformance("data.many_categories", unless=lambda s: _without(s, Kind.CATEGORICAL))
def many(subject: Subject) -> None:
    """A column of 1,500 categories is learned."""
    rng = np.random.Generator(np.random.PCG64(6))
    words = [f"w{place}" for place in rng.integers(0, 1500, 3000)]
    made = _made(subject, {"word": (Kind.CATEGORICAL, words), "n": (Kind.INTEGER, rng.integers(0, 10, 3000))})
    require(made is None or made.rows, "no rows were made")


@conformance("data.hostile_names")
def names(subject: Subject) -> None:
    """Column names may hold anything: blanks, quotes, commas, other scripts, formulas, keywords."""
    rng = np.random.Generator(np.random.PCG64(7))
    made = _made(subject, {name: (Kind.INTEGER, rng.integers(0, 10, 200)) for name in _HOSTILE})
    require(made is None or made.names == _HOSTILE, f"columns are {None if made is None else made.names}")


def _without(subject: Subject, kind: Kind) -> str | None:
    return None if kind in subject.spec.capabilities.kinds else f"{kind.value} columns are not declared"


def _made(subject: Subject, columns: Mapping[str, tuple[Kind, object]]) -> Table | None:
    """Return 50 rows made after a small table; None where it is refused by an error of ours that has a remedy."""
    kinds = subject.spec.capabilities.kinds
    used = {name: part for name, part in columns.items() if part[0] in kinds}
    if not used:
        return None
    schema = Schema(tuple(Column(name, kind) for name, (kind, _) in used.items()))
    table = Table.from_columns({name: values for name, (_, values) in used.items()}, schema)
    try:
        return subject.sample(subject.fit(table), 50)
    except AssaymarkError as error:
        require(error.remedy, f"the error {error.code} has no remedy")
        return None
    except Exception as error:
        raise Nonconformance(f"{type(error).__name__}: {error!s:.120}") from error
