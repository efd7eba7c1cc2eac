"""All bias findings, scope by scope: the tables of a scope are drawn once, and each part of the panel reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.checks.bias import amplification, association, comparisons, rates, strata, unknown
from assaymark.checks.bias.case import open_case
from assaymark.checks.statements import Subject, too_few_groups, unusable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assaymark.host.specs import CheckInput
    from assaymark.results.findings import Finding

_PARTS = (rates, comparisons, amplification, association, unknown)

IDS = (*(identifier for part in _PARTS for identifier in part.IDS), *strata.IDS)


def check(data: CheckInput) -> Iterator[Finding]:
    """Return all bias findings."""
    for cubes in data.cubes.scopes:
        data.run.check()
        subject = Subject(data.cubes, cubes.protected)
        reason = unusable(cubes)
        if reason is not None:
            yield from _nothing(subject, reason)
            continue
        case = open_case(subject, cubes, data)
        if len(case.places) < 2:  # noqa: PLR2004 - a difference takes two groups
            yield from _nothing(subject, too_few_groups(cubes.real))
        else:
            for part in _PARTS:
                yield from part.findings(case)
        yield from rates.small_groups(subject, cubes, case.sample)
    for scope, reason in data.cubes.withheld.items():
        yield from _nothing(Subject(data.cubes, scope), reason)
    yield from strata.check(data)


def _nothing(subject: Subject, reason: str) -> Iterator[Finding]:
    for part in _PARTS:
        yield from part.nothing(subject, reason)
