"""No row of the training table stands in a saved model, in whatever form."""

from __future__ import annotations

import struct
from itertools import pairwise

import numpy as np
import pytest

from assaymark.execution import Run
from assaymark.host.registry import load_registry, open_generator
from assaymark.tables.schema import Column, Kind, Schema
from assaymark.tables.table import Table

SETTINGS = {"copula": {}, "gan": {"steps": 40, "width": 32}, "diffusion": {"steps": 40, "width": 32}}


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_no_row_stands_in_a_saved_model(name, tmp_path):
    rng = np.random.default_rng(5)
    count = 500
    amount = np.round(rng.normal(50_000, 9_000, count), 3)
    ident = [f"P{n:05d}-{rng.integers(10**6)}" for n in range(count)]
    town = [f"town{n % 40}" if n > 8 else f"hamlet{n}" for n in range(count)]
    extremes = np.array([912_345.678, -812_345.678])
    amount[:2] = extremes
    schema = Schema(
        (
            Column("id", Kind.IDENTIFIER),
            Column("amount", Kind.FLOAT, decimals=3),
            Column("year", Kind.INTEGER),
            Column("town", Kind.CATEGORICAL),
        )
    )
    year = rng.integers(1930, 2005, count)
    table = Table.from_columns({"id": ident, "amount": amount, "year": year, "town": town}, schema)
    open_generator(load_registry().generator(name), SETTINGS[name]).fit(table, schema, Run(0)).save(tmp_path)
    content = b"\n".join(path.read_bytes() for path in sorted(tmp_path.rglob("*")) if path.is_file())
    for text in (*ident, *(f"hamlet{n}" for n in range(9)), *map(str, extremes)):
        assert text.encode() not in content
    # numbers of the table in binary form, and its rows as encoded: nothing longer than chance would have it
    doubles = [struct.pack("<2d", a, b) for a, b in pairwise(amount)]
    years = [struct.pack("<4q", *year[n : n + 4]) for n in range(count - 4)]
    assert not [each for each in (*doubles, *years) if each in content]
    rows = [f"{a:.3f},{y},{t}" for a, y, t in zip(amount, year, town, strict=True)]
    joined = content.decode("latin-1").replace('"', "").replace(" ", "")
    assert not [row for row in rows if row in joined]
    # of a number without ties some values are knots of its quantile function, one by one
    shown = sum(f"{value:.3f}".rstrip("0").encode() in content for value in amount)
    assert shown <= 0.25 * count
