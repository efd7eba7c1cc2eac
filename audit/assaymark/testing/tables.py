"""Made-up tables with known properties, for tests."""

from __future__ import annotations

import numpy as np

from assaymark.tables.schema import Column, Kind, Positive, Role, Schema
from assaymark.tables.table import Table

_MICROSECONDS_A_DAY = 86_400_000_000
_INCOME_MISSING, _CITY_MISSING, _MEMBERS = 0.1, 0.05, 0.7


def mixed_table(rows: int, seed: int) -> Table:
    """Return a table of every kind of column, a function of ``rows`` and ``seed`` alone.

    The target is positive with probability 0.3 where ``sex`` is ``Female`` and 0.5 where it is ``Male``.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    sex = rng.choice(["Female", "Male"], rows)
    approved = rng.random(rows) < np.where(sex == "Male", 0.5, 0.3)
    income = np.where(rng.random(rows) < _INCOME_MISSING, np.nan, np.round(rng.lognormal(10, 0.5, rows) + 4000 * approved, 2))
    days = rng.integers(10_000, 20_000, rows)
    city = [
        None if gap else f"city-{place:03d}"
        for place, gap in zip(rng.integers(0, 120, rows), rng.random(rows) < _CITY_MISSING, strict=True)
    ]
    schema = Schema(
        (
            Column("sex", Kind.CATEGORICAL, frozenset({Role.PROTECTED})),
            Column("age", Kind.INTEGER),
            Column("income", Kind.FLOAT, decimals=2),
            Column("member", Kind.BOOLEAN),
            Column("since", Kind.DATETIME, layout="%Y-%m-%d"),
            Column("city", Kind.CATEGORICAL),
            Column("country", Kind.CATEGORICAL),
            Column("approved", Kind.CATEGORICAL, frozenset({Role.TARGET})),
        ),
        Positive(literal="yes"),
    )
    columns = {
        "sex": sex,
        "age": np.clip(np.round(rng.normal(40, 12, rows)), 18, 90).astype(np.int64),
        "income": income,
        "member": rng.random(rows) < _MEMBERS,
        "since": (days * _MICROSECONDS_A_DAY).astype("datetime64[us]"),
        "city": city,
        "country": ["XX"] * rows,
        "approved": np.where(approved, "yes", "no"),
    }
    return Table.from_columns(columns, schema)
