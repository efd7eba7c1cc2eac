"""Builders of cubes and audits that the tests of several packages share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest

from assaymark.checks.plugin import assaymark_checks
from assaymark.cubes.fine import FineCube
from assaymark.cubes.publishing import publish
from assaymark.execution import Run
from assaymark.host.specs import CheckInput
from assaymark.policy.loading import load_policy
from assaymark.policy.model import Policy
from assaymark.results.findings import Finding
from assaymark.tables.schema import Schema

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
        )
        return CheckInput(None, None, None, Schema(()), cubes, chosen, Run(seed))  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def pick() -> Callable[..., Finding]:
    """Return the one finding of an id whose scope holds the given entries."""

    def choose(findings: list[Finding], identifier: str, **scope: object) -> Finding:
        found = [f for f in findings if f.id == identifier and all(f.scope.get(k) == v for k, v in scope.items())]
        assert len(found) == 1, [(f.id, dict(f.scope)) for f in findings]
        return found[0]

    return choose
