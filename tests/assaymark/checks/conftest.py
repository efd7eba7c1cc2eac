"""Builders of tables for the checks that look at rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from assaymark.cubes.fine import FineCube, count_cube
from assaymark.cubes.models import LabelledRows, ModelKey
from assaymark.cubes.publishing import publish
from assaymark.execution import Run
from assaymark.host.specs import CheckInput
from assaymark.policy.model import Policy
from assaymark.tables.loading import TableOptions, load_like, load_real
from assaymark.tables.roles import RoleOptions
from assaymark.tables.schema import Column, Kind, Positive, Role, Schema
from assaymark.tables.table import Table

PEOPLE = Schema(
    (
        Column("id", Kind.IDENTIFIER),
        Column("age", Kind.INTEGER),
        Column("wage", Kind.FLOAT),
        Column("job", Kind.CATEGORICAL),
        Column("sex", Kind.CATEGORICAL, frozenset({Role.PROTECTED})),
        Column("hired", Kind.DATETIME),
        Column("paid", Kind.CATEGORICAL, frozenset({Role.TARGET})),
    ),
    Positive(literal="yes"),
)


def people(rows: int, seed: int, *, signal: float = 2.0, missing: float = 0.05) -> Table:
    """Draw rows of one fixed distribution; ``signal`` is how strongly wage and job tell the target."""
    rng = np.random.default_rng(seed)
    job = rng.choice(["clerk", "cook", "miner", "nurse"], rows, p=[0.4, 0.3, 0.2, 0.1])
    wage = np.round(rng.normal(size=rows) + (job == "nurse"), 2)
    odds = signal * wage + signal * (job == "cook") - 1.0
    columns = {
        "id": [f"{seed}-{row}" for row in range(rows)],
        "age": rng.integers(18, 70, rows),
        "wage": np.where(rng.random(rows) < missing, np.nan, wage),
        "job": np.where(rng.random(rows) < missing, None, job),
        "sex": rng.choice(["f", "m"], rows),
        "hired": np.datetime64("2001-01-01", "us") + rng.integers(0, 9000, rows) * np.timedelta64(86_400_000_000, "us"),
        "paid": np.where(rng.random(rows) < 1 / (1 + np.exp(-odds)), "yes", "no"),
    }
    return Table.from_columns(columns, PEOPLE)


@pytest.fixture(scope="session")
def make_people() -> Callable[..., Table]:
    return people


@pytest.fixture(scope="session")
def make_table() -> Callable[..., Table]:
    """Make a table of categories from keyword arguments."""

    def make(**columns: list[str | None]) -> Table:
        return Table.from_columns(columns, Schema(tuple(Column(name, Kind.CATEGORICAL) for name in columns)))

    return make


@pytest.fixture(scope="session")
def row_input(policy: Policy) -> Callable[..., CheckInput]:
    """Return what a check of rows looks at."""

    def make(real: Table, synthetic: Table, holdout: Table | None = None, *, seed: int = 0, disabled: str | None = None):
        return CheckInput(real, holdout, synthetic, real.schema, None, policy, Run(seed), disabled)

    return make


@dataclass(frozen=True)
class Three:
    """Real, synthetic and holdout rows."""

    real: Table
    synthetic: Table
    holdout: Table


@pytest.fixture(scope="session")
def adult(shared_data: Path) -> Three:
    """Adult, a sample that CTGAN made of another split of it, and its test part."""
    roles = RoleOptions(target="income", positive=">50K", protected=("sex", "race"))
    renames = {
        "type_employer": "workclass",
        "marital": "marital_status",
        "hr_per_week": "hours_per_week",
        "country": "native_country",
    }
    real = load_real(shared_data / "adult_train.csv", TableOptions(), roles).table
    synthetic = load_like(shared_data / "adult_synthetic_ctgan.csv", real.schema, TableOptions(), rename=renames).table
    return Three(real, synthetic, load_like(shared_data / "adult_test.csv", real.schema, TableOptions()).table)


STAFF = Schema(
    (
        Column("badge", Kind.IDENTIFIER),
        Column("age", Kind.INTEGER),
        Column("wage", Kind.FLOAT),
        Column("job", Kind.CATEGORICAL),
        Column("civil", Kind.CATEGORICAL),
        Column("sex", Kind.CATEGORICAL, frozenset({Role.PROTECTED})),
        Column("paid", Kind.CATEGORICAL, frozenset({Role.TARGET})),
    ),
    Positive(literal="yes"),
)
JOBS, CIVIL = ("clerk", "cook", "miner", "nurse"), ("married", "single", "widowed")


def staff(
    rows: int,
    seed: int,
    *,
    women: float = 0.4,
    single: tuple[float, float] = (0.4, 0.4),
    no_job: tuple[float, float] = (0.08, 0.03),
    odd: float = 0.0,
    nurses: tuple[float, float] = (0.35, 0.05),
) -> Table:
    """Draw staff; pairs are for women and men.

    Args:
        rows: How many.
        seed: Of the draw.
        women: Share of women.
        single: Share that is single; the single are paid less often.
        no_job: Share whose job is missing.
        odd: Share of women's wages that is shifted far off.
        nurses: Share of nurses, by which the sexes can be told.
    """
    rng = np.random.default_rng(seed)
    female = rng.random(rows) < women
    alone = rng.random(rows) < np.where(female, *single)
    civil = np.where(alone, "single", np.where(rng.random(rows) < 0.9, "married", "widowed"))
    job = np.where(rng.random(rows) < np.where(female, *nurses), "nurse", rng.choice(JOBS[:3], rows))
    wage = rng.normal(size=rows) + 0.3 * ~female + 3.0 * (female & (rng.random(rows) < odd))
    chance = np.where(alone, 0.15, 0.5) + 0.1 * ~female
    columns = {
        "badge": [str(row) for row in range(rows)],
        "age": rng.integers(18, 70, rows),
        "wage": np.round(wage, 1),
        "job": np.where(rng.random(rows) < np.where(female, *no_job), None, job),
        "civil": civil,
        "sex": np.where(female, "f", "m"),
        "paid": np.where(rng.random(rows) < chance, "yes", "no"),
    }
    return Table.from_columns(columns, STAFF)


@pytest.fixture(scope="session")
def make_staff() -> Callable[..., Table]:
    return staff


@pytest.fixture(scope="session")
def group_input(policy: Policy) -> Callable[..., CheckInput]:
    """Return what a check of groups looks at: rows, and the cubes that are published of them."""

    def make(real: Table, synthetic: Table, holdout: Table | None = None, *, seed: int = 0, **change: object) -> CheckInput:
        chosen = replace(policy, **change)  # type: ignore[arg-type]
        schema = real.schema
        names = [column.name for column in schema.with_role(Role.PROTECTED)]
        cubes = publish(
            count_cube(real, names),
            count_cube(synthetic, names),
            None if holdout is None else count_cube(holdout, names),
            target=schema.target.name,
            positive=str(schema.positive),
            small_cell=chosen.small_cell,
        )
        return CheckInput(real, holdout, synthetic, schema, cubes, chosen, Run(seed))

    return make


@pytest.fixture(scope="session")
def model_input(policy: Policy, make_cube: Callable[..., FineCube]) -> Callable[..., CheckInput]:
    """Return what a check of classifiers looks at, from the group, outcome and labels of each row of a holdout."""

    def make(
        group: Sequence[str],
        truth: Sequence[bool],
        labels: Mapping[ModelKey, Sequence[bool]],
        *,
        seed: int = 0,
        **change: object,
    ) -> CheckInput:
        chosen = replace(policy, **change)  # type: ignore[arg-type]
        names, combination = np.unique(np.asarray(group), return_inverse=True)
        groups = tuple((str(name),) for name in names)
        known = np.asarray(truth, dtype=bool)
        counts = np.bincount(combination * 2 + known, minlength=2 * len(groups)).reshape(-1, 2)
        rows = LabelledRows(
            ("sex",), groups, combination.astype(np.intp), known, {k: np.asarray(v, dtype=bool) for k, v in labels.items()}
        )
        plain = make_cube({"A": (500, 500), "B": (400, 300)})
        holdout = FineCube(("sex",), groups, counts.astype(np.int64))
        cubes = publish(plain, plain, holdout, target="t", positive="1", small_cell=chosen.small_cell, labelled=rows)
        return CheckInput(None, None, None, Schema(()), cubes, chosen, Run(seed))  # type: ignore[arg-type]

    return make
