"""Inputs of the privacy attacks: few attacks on small tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from assaymark.host.specs import CheckInput
from assaymark.tables.schema import Column, Kind, Role, Schema
from assaymark.tables.table import Table


@pytest.fixture(scope="session")
def attack_input(row_input) -> Callable[..., CheckInput]:
    """Return what an attack looks at, with columns declared secret."""

    def make(real: Table, synthetic: Table, holdout: Table | None, *, secret=(), attacks=300, **more) -> CheckInput:
        schema = real.schema
        for name in secret:
            schema = schema.with_column(replace(schema[name], roles=schema[name].roles | {Role.SECRET}))
        data = row_input(real, synthetic, holdout, **more)
        return replace(data, schema=schema, policy=replace(data.policy, attacks=attacks))

    return make


@pytest.fixture(scope="session")
def with_copies() -> Callable[..., Table]:
    """Return fresh rows, a share of which are replaced by rows of real."""

    def make(real: Table, fresh: Table, share: float) -> Table:
        copies = int(share * fresh.rows)
        return Table.concat([real.take(np.arange(copies)), fresh.take(np.arange(copies, fresh.rows))])

    return make


@pytest.fixture(scope="session")
def of_independent_columns() -> Callable[..., Table]:
    """Return a table whose columns are each shuffled by themselves."""

    def make(table: Table, seed: int) -> Table:
        rng = np.random.default_rng(seed)
        columns = {c.name: table.column(c.name).take(rng.permutation(table.rows)).to_pylist() for c in table.schema}
        return Table.from_columns(columns, table.schema)

    return make


@pytest.fixture(scope="session")
def recorded_people() -> Callable[[int, int], Table]:
    """Draw rows as the script does that recorded Anonymeter's figures."""
    return _recorded_people


def _recorded_people(rows: int, seed: int) -> Table:
    rng = np.random.default_rng(seed)
    job = rng.choice(["clerk", "cook", "miner", "nurse"], rows, p=[0.4, 0.3, 0.2, 0.1])
    columns = {
        "age": rng.integers(18, 70, rows),
        "wage": np.round(rng.lognormal(7, 0.5, rows) * (1 + (job == "nurse")), 2),
        "height": np.round(rng.normal(170, 10, rows), 3),
        "job": job,
        "sex": rng.choice(["f", "m"], rows),
        "town": rng.choice([f"t{place}" for place in range(12)], rows),
    }
    kinds = [Kind.INTEGER, Kind.FLOAT, Kind.FLOAT, Kind.CATEGORICAL, Kind.CATEGORICAL, Kind.CATEGORICAL]
    return Table.from_columns(columns, Schema(tuple(Column(n, k) for n, k in zip(columns, kinds, strict=True))))
