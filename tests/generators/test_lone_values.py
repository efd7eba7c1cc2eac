"""No value that fewer than ten rows hold stands in a saved model or comes out of one."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest

from assaymark.execution import Run
from assaymark.host.registry import load_registry, open_generator
from assaymark.tables.schema import Column, Kind, Schema
from assaymark.tables.table import Table

ROWS = 2000
SETTINGS = {"copula": {}, "gan": {"steps": 40, "width": 32}, "diffusion": {"steps": 40, "width": 32, "sampling_steps": 4}}


def lone_table() -> Table:
    """Return columns whose values mostly one row holds each, on grids so wide that none is met by chance."""
    rng = np.random.default_rng(8)
    shared = rng.random(ROWS)
    amount = np.round(rng.lognormal(18, 1.5, ROWS), 2)
    columns = {
        "any": rng.normal(size=ROWS),
        "amount": amount,
        "spiked": np.where(shared < 0.6, 0.0, amount[::-1]),
        # spikes with a few lone values between any two
        "between": np.where(shared < 0.97, 10**9 * rng.integers(1, 30, ROWS), rng.integers(10**9, 3 * 10**10, ROWS)),
        "lumpy": np.where(shared < 0.8, 10**9 * rng.integers(1, 9, ROWS), rng.integers(10**9, 10**10, ROWS)),
        "moment": rng.integers(0, 2 * 10**15, ROWS).astype("datetime64[us]"),
        "second": (10**6 * rng.integers(0, 2 * 10**9, ROWS)).astype("datetime64[us]"),
        "sparse": np.where(np.arange(ROWS) < 15, rng.integers(10**8, 10**9, ROWS), np.nan),
        "five": np.where(np.arange(ROWS) < 5, rng.integers(10**8, 10**9, ROWS), np.nan),
        "town": np.array([f"town{n % 20}" if n > 30 else f"hamlet{n:07d}" for n in range(ROWS)]),
        "street": np.array([f"street{n:07d}" for n in range(ROWS)]),
    }
    kinds = {
        "any": Kind.FLOAT,
        "amount": Kind.FLOAT,
        "spiked": Kind.FLOAT,
        "town": Kind.CATEGORICAL,
        "street": Kind.CATEGORICAL,
    }
    kinds |= {"moment": Kind.DATETIME, "second": Kind.DATETIME}
    decimals = {"amount": 2, "spiked": 2}
    schema = Schema(tuple(Column(name, kinds.get(name, Kind.INTEGER), decimals=decimals.get(name)) for name in columns))
    return Table.from_columns(columns, schema)


def values_of(table: Table, name: str) -> np.ndarray:
    if table.schema[name].kind is Kind.CATEGORICAL:
        return table.column(name).drop_null().to_numpy().astype(str)
    numbers = table.numbers(name)
    return numbers[~np.isnan(numbers)]


def lone(table: Table) -> dict[str, set]:
    """Return the values of each column that fewer than ten rows hold."""
    held = {name: np.unique(values_of(table, name), return_counts=True) for name in table.names}
    return {name: set(values[counts < 10].tolist()) for name, (values, counts) in held.items()}


def numbers_in(document) -> list[float]:
    if isinstance(document, dict):
        return [each for part in document.values() for each in numbers_in(part)]
    if isinstance(document, list):
        return [each for part in document for each in numbers_in(part)]
    return [float(document)] if isinstance(document, int | float) else []


@pytest.fixture(scope="module")
def real():
    return lone_table()


@pytest.fixture(scope="module", params=sorted(SETTINGS))
def fitted(request, real):
    return open_generator(load_registry().generator(request.param), SETTINGS[request.param]).fit(real, real.schema, Run(0))


def test_samples_hold_no_value_of_few_rows(fitted, real):
    made = Table.concat(list(fitted.sample(10 * ROWS, Run(0))))
    for name, values in lone(real).items():
        assert len(values) > (4 if name == "five" else 10)
        assert not values & set(values_of(made, name).tolist()), name


def test_saved_files_hold_no_value_of_few_rows(fitted, real, tmp_path):
    fitted.save(tmp_path)
    values = lone(real)
    texts = values.pop("town") | values.pop("street")
    hidden = set().union(*values.values())
    for path in tmp_path.iterdir():
        content = path.read_bytes()
        assert not [text for text in texts if text.encode() in content]
        assert not [value for value in hidden if struct.pack("<d", value) in content]
        if path.suffix == ".json":
            assert not hidden & set(numbers_in(json.loads(content)))


def test_every_column_with_ten_values_comes_out(fitted, real):
    made = Table.concat(list(fitted.sample(ROWS, Run(0))))
    for name in real.names:
        count = made.rows - made.column(name).null_count
        assert (count == 0) == (name in {"five", "street"}), name
