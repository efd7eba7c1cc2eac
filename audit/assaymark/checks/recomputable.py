"""The checks that look at published cubes, the policy and the seed alone: a verifier runs them again, without any row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.checks.bias import generation, panel, representation
from assaymark.checks.privacy import k_anonymity
from assaymark.checks.targets import classes
from assaymark.checks.utility import model_fairness

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assaymark.host.specs import CheckInput
    from assaymark.results.findings import Finding

_CHECKS = (panel, representation, generation, classes, model_fairness, k_anonymity)

IDS: frozenset[str] = frozenset(identifier for module in _CHECKS for identifier in module.IDS)


def check(data: CheckInput) -> Iterator[Finding]:
    """Return all findings that cubes give; of ``data`` only cubes, policy, run and references are looked at."""
    for module in _CHECKS:
        yield from module.check(data)
