"""Tables of odd shapes: nothing crashes, no column is lost, and defaults need no change."""

from __future__ import annotations

import numpy as np
import pytest

from assaymark.execution import Run
from assaymark.host.registry import load_registry, open_generator
from assaymark.tables.schema import Column, Kind, Schema
from assaymark.tables.table import Table

SETTINGS = {"copula": {}, "gan": {"steps": 30}, "diffusion": {"steps": 30, "sampling_steps": 4}}
ROWS = 400
KINDS = {"f": Kind.FLOAT, "i": Kind.INTEGER, "U": Kind.CATEGORICAL, "O": Kind.CATEGORICAL, "M": Kind.DATETIME}


def table_of(columns) -> Table:
    arrays = {name: np.asarray(values) for name, values in columns.items()}
    schema = Schema(tuple(Column(name, KINDS[values.dtype.kind]) for name, values in arrays.items()))
    return Table.from_columns(arrays, schema)


def shapes() -> dict[str, Table]:
    rng = np.random.default_rng(0)
    z = rng.normal(size=ROWS)
    days = np.datetime64("2020-01-01") + np.round(z * 100).astype("timedelta64[D]")
    wide = {f"number{n}": z + rng.normal(size=ROWS) for n in range(100)}
    wide |= {f"word{n}": np.where(z + rng.normal(size=ROWS) > 0, "hi", "lo") for n in range(100)}
    half = {f"half{n}": np.where(rng.random(ROWS) < 0.5, np.nan, z + n) for n in range(4)}
    return {
        "200 columns": table_of(wide),
        "one number": table_of({"a": z}),
        "one category": table_of({"a": np.where(z > 0, "p", "q")}),
        "categories alone": table_of({f"word{n}": rng.choice(list("abcd"), ROWS) for n in range(4)}),
        "an empty column": table_of({"a": z, "none": np.array([None] * ROWS, dtype=object), "nan": np.full(ROWS, np.nan)}),
        "constants": table_of({"a": z, "word": np.array(["x"] * ROWS), "five": np.full(ROWS, 5), "half": np.full(ROWS, 0.5)}),
        "constants alone": table_of({"word": np.array(["x"] * ROWS), "five": np.full(ROWS, 5)}),
        "half missing": table_of(half),
        "dates": table_of({f"day{n}": (days + np.timedelta64(n, "D")).astype("datetime64[us]") for n in range(3)}),
        "two rows each of many categories": table_of({"town": [f"t{n // 2}" for n in range(ROWS)], "a": z}),
    }


TABLES = shapes()


@pytest.mark.parametrize("shape", sorted(TABLES))
@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_every_column_of_an_odd_table_comes_out(name, shape):
    table = TABLES[shape]
    fitted = open_generator(load_registry().generator(name), SETTINGS[name]).fit(table, table.schema, Run(0))
    made = Table.concat(list(fitted.sample(ROWS, Run(0))))
    assert made.names == table.names
    assert made.rows == ROWS
    for column in table.schema:
        gaps, real_gaps = (each.column(column.name).null_count for each in (made, table))
        assert abs(gaps - real_gaps) < 0.15 * ROWS, column.name
        if table.schema[column.name].kind is not Kind.CATEGORICAL and real_gaps < ROWS:
            numbers, real = (np.sort(each.numbers(column.name)[: ROWS - n]) for each, n in ((made, gaps), (table, real_gaps)))
            assert np.nanmin(numbers) >= np.nanmin(real)
            assert np.nanmax(numbers) <= np.nanmax(real)
    if shape.startswith("constants"):
        assert set(made.column("word").to_pylist()) == {"x"}
        assert set(made.column("five").to_pylist()) == {5}
