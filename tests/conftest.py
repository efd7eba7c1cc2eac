"""Fixtures that all tests share: builders of cubes and audits, made-up people, a release, real data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assaymark.checks.plugin import assaymark_checks
from assaymark.cubes.fine import FineCube
from assaymark.cubes.publishing import publish
from assaymark.execution import Run
from assaymark.host.specs import CheckInput
from assaymark.pipeline.requests import RunRequest
from assaymark.pipeline.running import run as run_request
from assaymark.policy.loading import load_policy
from assaymark.policy.model import Policy
from assaymark.results.findings import Finding
from assaymark.tables.loading import TableOptions
from assaymark.tables.roles import RoleOptions
from assaymark.tables.schema import Schema
from assaymark.tables.writing import write_table
from assaymark.testing.tables import mixed_table

SHARED_DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real datasets beside the checkout; skips where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the real datasets are not beside this checkout")
    return SHARED_DATA


KNOWN = frozenset(identifier for spec in assaymark_checks() for identifier in spec.ids)

Counts = Mapping[str | tuple[str, ...], tuple[int, int]]


def cube(counts: Counts, attributes: tuple[str, ...] = ("sex",)) -> FineCube:
    """Make a private cube from (rest, positive) counts by group."""
    rows = {((group,) if isinstance(group, str) else group): cells for group, cells in counts.items()}
    groups = tuple(sorted(rows))
    return FineCube(attributes, groups, np.array([rows[group] for group in groups], dtype=np.int64).reshape(len(groups), 2))


@pytest.fixture(scope="session")
def policy() -> Policy:
    return load_policy(None, KNOWN)


@pytest.fixture(scope="session")
def make_cube() -> Callable[..., FineCube]:
    return cube


@pytest.fixture(scope="session")
def check_input(policy: Policy) -> Callable[..., CheckInput]:
    """Return what a fairness check looks at, from counts."""

    def make(
        real: Counts,
        synthetic: Counts,
        holdout: Counts | None = None,
        *,
        attributes: tuple[str, ...] = ("sex",),
        seed: int = 0,
        samples: Sequence[Counts] = (),
        strata: Mapping[str, tuple[Counts, Counts]] | None = None,
        references: Mapping[str, str] | None = None,
        **change: object,
    ) -> CheckInput:
        chosen = replace(policy, **change)  # type: ignore[arg-type]
        cubes = publish(
            cube(real, attributes),
            cube(synthetic, attributes),
            None if holdout is None else cube(holdout, attributes),
            target="income",
            positive=">50K",
            small_cell=chosen.small_cell,
            samples=[cube(one, attributes) for one in samples],
            strata={
                column: (cube(first, (*attributes, column)), cube(second, (*attributes, column)))
                for column, (first, second) in (strata or {}).items()
            },
        )
        nothing: Any = None
        return CheckInput(nothing, None, nothing, Schema(()), cubes, chosen, Run(seed), references=references or {})

    return make


@pytest.fixture(scope="session")
def pick() -> Callable[..., Finding]:
    """Return the one finding of an id whose scope holds the given entries."""

    def choose(findings: list[Finding], identifier: str, **scope: object) -> Finding:
        found = [f for f in findings if f.id == identifier and all(f.scope.get(k) == v for k, v in scope.items())]
        assert len(found) == 1, [(f.id, dict(f.scope)) for f in findings]
        return found[0]

    return choose


@pytest.fixture(scope="session", autouse=True)
def own_configuration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep the user's own keys out of the tests."""
    folder = tmp_path_factory.mktemp("configuration")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSAYMARK_CONFIG_DIR", str(folder))
        yield folder


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CSV of 3,000 made-up people of every kind of column; approved more often where sex is Male."""
    path = tmp_path_factory.mktemp("people") / "people.csv"
    write_table(mixed_table(3000, seed=7), path, "csv")
    return path


ROLES = RoleOptions(target="approved", positive="yes", protected=("sex",))


@pytest.fixture(scope="session")
def release(people: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release of a run on those people, made once; tests copy it before they change it."""
    out = tmp_path_factory.mktemp("release") / "out"
    run_request(RunRequest(people, ROLES, TableOptions(), out), Run(0))
    return out
