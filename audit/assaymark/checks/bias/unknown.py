"""Rows whose protected value is missing: what they could do to a difference, whatever group they truly belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.checks.bias.measures import rates
from assaymark.checks.statements import Subject, group_counts, not_estimable, number
from assaymark.cubes.published import MISSING
from assaymark.results.findings import Finding, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from assaymark.checks.bias.case import Case
    from assaymark.cubes.published import GroupTable

BOUNDS = "bias.unknown_group_bounds"
IDS = (BOUNDS,)

_UNKNOWN = (MISSING,)


def findings(case: Case) -> Iterator[Finding]:
    """Return the bounds of one attribute that has rows of unknown group; nothing for others and for intersections."""
    real, synthetic = case.cubes.real, case.cubes.synthetic
    if len(case.sample.protected) > 1 or _UNKNOWN not in (*real.groups, *real.pooled_groups, *synthetic.groups):
        return
    known = np.array([place for place in case.places if case.sample.names[place] != MISSING], dtype=np.intp)
    p = rates(case.sample.real)
    if len(known) < 2 or (case.sample.synthetic[known].sum(axis=1) == 0).any():  # noqa: PLR2004 - a difference takes two
        reason = "group_too_small" if len(known) < 2 else "group_without_synthetic_rows"  # noqa: PLR2004
        yield not_estimable(BOUNDS, case.subject.scope(groups=[]), reason)
        return
    a = int(known[np.argmax(p[known])])
    others = known[known != a]
    yield _bounds(case, a, int(others[np.argmin(p[others])]))


def nothing(_subject: Subject, _reason: str) -> Iterator[Finding]:
    """Return nothing: a scope without numbers has no bounds, and other findings say so."""
    yield from ()


def _count(table: GroupTable) -> NDArray[np.int64] | None:
    """Return the rows of unknown group by outcome; None where a pool may hide some."""
    if _UNKNOWN in table.groups:
        return np.asarray(table.counts[table.groups.index(_UNKNOWN)], dtype=np.int64)
    return None if table.pooled is not None else np.zeros(2, dtype=np.int64)


def bounds(a: NDArray[np.int64], b: NDArray[np.int64], unknown: NDArray[np.int64]) -> tuple[float, float]:
    """Return the least and the largest p(a) - p(b) over all ways to give each unknown row to one of the two groups.

    A positive row raises the rate of the group that gets it, another row lowers it, so the extremes give all positive rows to
    one group and all others to the other (after Manski, 1990).
    """
    positive, rest = int(unknown[1]), int(unknown[0])

    def rate(counts: NDArray[np.int64], more_rest: int, more_positive: int) -> float:
        return float((counts[1] + more_positive) / (counts.sum() + more_rest + more_positive))

    return (
        rate(a, rest, 0) - rate(b, 0, positive),
        rate(a, 0, positive) - rate(b, rest, 0),
    )


def _bounds(case: Case, a: int, b: int) -> Finding:
    sample = case.sample
    tables = {"real": (sample.real, case.cubes.real), "synthetic": (sample.synthetic, case.cubes.synthetic)}
    differences: list[float] = []
    found: dict[str, list[float] | None] = {}
    shares: dict[str, float | None] = {}
    for name, (cells, table) in tables.items():
        unknown = _count(table)
        differences.append(float(cells[a, 1] / cells[a].sum() - cells[b, 1] / cells[b].sum()))
        found[name] = None if unknown is None else list(bounds(cells[a], cells[b], unknown))
        shares[name] = None if unknown is None else float(unknown.sum() / cells.sum())
    first, second = found["real"], found["synthetic"]
    rows = [a, b, *([sample.names.index(MISSING)] if MISSING in sample.names else [])]
    return Finding(
        BOUNDS,
        case.subject.scope(groups=[sample.names[a], sample.names[b]]),
        Outcome.SHOWN,
        real=number(differences[0]),
        synthetic=number(differences[1]),
        value=number(differences[1] - differences[0]),
        n=group_counts(sample, rows),
        detail={
            "bounds_real": first,
            "bounds_synthetic": second,
            "bounds_change": None if first is None or second is None else [second[0] - first[1], second[1] - first[0]],
            "unknown_share_real": shares["real"],
            "unknown_share_synthetic": shares["synthetic"],
        },
    )
