"""Audits of tables in memory, with the checks that can decide a verdict and no others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from assaymark.execution import Run
from assaymark.host.registry import load_registry
from assaymark.pipeline.document import RealData
from assaymark.pipeline.measuring import Measured, measure
from assaymark.pipeline.sources import Sources
from assaymark.policy.model import Policy
from assaymark.tables.loading import TableOptions, load_real
from assaymark.tables.roles import RoleOptions
from assaymark.tables.table import Table

_NO_COMMITMENT = "sha256:" + "0" * 64


@dataclass(frozen=True)
class Population:
    """A real dataset, all of its rows."""

    name: str
    table: Table
    protected: tuple[str, ...]

    def split(self, seed: int) -> tuple[Table, Table, Table]:
        """Return two parts of 40% and one of 20%, at random: real, a stand-in for synthetic, holdout."""
        order = np.random.default_rng(seed).permutation(self.table.rows)
        first, second = int(0.4 * len(order)), int(0.8 * len(order))
        parts = (order[:first], order[first:second], order[second:])
        return tuple(self.table.take(np.sort(part)) for part in parts)  # type: ignore[return-value]


def _population(folder: Path, name: str, files: list[str], roles: RoleOptions, drop: tuple[str, ...] = ()) -> Population:
    tables = [load_real(folder / file, TableOptions(drop=drop), roles).table for file in files]
    return Population(name, Table.concat([Table.from_arrow(t.arrow, tables[0].schema) for t in tables]), roles.protected)


@pytest.fixture(scope="session")
def populations(shared_data: Path) -> dict[str, Population]:
    adult = RoleOptions(target="income", positive=">50K", protected=("sex", "race"))
    compas = RoleOptions(target="two_year_recid", positive="1", protected=("sex", "race"))
    german = RoleOptions(target="class-label", positive="1", protected=("sex",))
    return {
        "Adult": _population(shared_data, "Adult", ["adult_train.csv", "adult_test.csv"], adult),
        "COMPAS": _population(shared_data, "COMPAS", ["compas_two_years.csv"], compas),
        "German Credit": _population(shared_data, "German Credit", ["german_credit.csv"], german),
    }


@pytest.fixture(scope="session")
def decide(policy: Policy) -> Callable[..., Measured]:
    """Audit tables in memory; checks none of whose findings is gated cannot change a verdict and are left out."""
    registry = load_registry()
    deciding = {name: one for name, one in registry.checks.items() if policy.gated & set(one.spec.ids)}

    def audit(real: Table, synthetic: Table, holdout: Table, protected: tuple[str, ...], seed: int) -> Measured:
        told = [RealData(table.rows, len(table.schema), _NO_COMMITMENT) for table in (real, holdout)]
        sources = Sources(real, holdout, real.schema, *told, None, {}, protected)
        return measure(sources, synthetic, policy, replace(registry, checks=deciding), Run(seed))

    return audit
