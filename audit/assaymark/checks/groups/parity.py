"""Fidelity by group, and the gap between the group that is served best and the one that is served worst."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from assaymark.checks.groups.cells import Cell, code, measure_cell
from assaymark.checks.groups.membership import Membership, memberships
from assaymark.checks.groups.shift import judged
from assaymark.checks.rounding import coarse, outward, step, upward
from assaymark.checks.statements import not_estimable
from assaymark.results.findings import Finding
from assaymark.statistics.outcomes import upper_outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assaymark.checks.statements import Subject
    from assaymark.host.specs import CheckInput

DISTANCE = "fidelity.group_distance"
GAP = "fidelity.parity_gap"
IDS = (DISTANCE, GAP)

_FEWEST = 2


def check(data: CheckInput) -> Iterator[Finding]:
    """Return the distance of each group, and one gap an attribute."""
    coded = code(data)
    for subject, groups in memberships(data):
        if isinstance(groups, str):
            yield from (not_estimable(identifier, subject.scope(), groups) for identifier in IDS)
            continue
        rest = coded.without({groups.attribute})
        cells: dict[int, Cell] = {}
        missing: str | None = None
        for group in np.flatnonzero(groups.estimable).tolist():
            data.run.check()
            scope, n = subject.scope(group=groups.names[group]), groups.n(group)
            cell = measure_cell(data, groups, rest, group)
            if isinstance(cell, str):
                missing = cell
                yield not_estimable(DISTANCE, scope, cell, n=n)
            else:
                cells[group] = cell
                yield judged(DISTANCE, scope, cell, data, n)
        yield from groups.left_out(DISTANCE)
        yield _gap(subject, groups, cells, missing, data)


def _gap(subject: Subject, groups: Membership, cells: dict[int, Cell], missing: str | None, data: CheckInput) -> Finding:
    """Return the largest less the smallest net distance, less what groups of these sizes would show by chance.

    The pair is chosen by the data, which makes a gap out of noise; the same choice among samples of real rows is what is taken
    off.
    """
    if len(cells) < _FEWEST or missing is not None:
        reason = missing or ("group_too_small" if len(groups.names) + len(groups.pooled) >= _FEWEST else "single_group")
        return not_estimable(GAP, subject.scope(groups=[]), reason)
    order = sorted(cells, key=lambda group: (cells[group].distance.net, group))
    best, worst = cells[order[0]], cells[order[-1]]
    by = step(min(cell.rows for cell in cells.values()), len(best.levels.columns))
    chance = _chance([cell.distance.chance for cell in cells.values()], data, groups.attribute)
    gap, floor = worst.distance.net - best.distance.net, float(chance.mean())
    z = NormalDist().inv_cdf(0.5 + data.policy.level / 2.0)
    half = z * float(np.hypot(worst.distance.error, best.distance.error))
    ends = outward((gap - floor - half, gap - floor + half), by)
    null = upward(float(np.quantile(np.abs(chance - floor), data.policy.level)), by)
    margin = max(data.policy.margin(GAP), null)
    return Finding(
        GAP,
        subject.scope(groups=[groups.names[order[-1]], groups.names[order[0]]]),
        upper_outcome(ends, margin),
        real=coarse(floor, by),
        synthetic=coarse(coarse(floor, by) + coarse(gap - floor, by), by),
        value=coarse(gap - floor, by),
        ci=ends,
        null=null,
        margin=margin,
        n={"groups": len(cells)},
        detail={
            "worst": groups.names[order[-1]],
            "best": groups.names[order[0]],
            "p_value": round(float((1 + (chance >= gap).sum()) / (1 + len(chance))), 4),
            "real_is": "gap that chance alone makes between groups of these sizes",
            "margin_from": "null" if margin == null else "policy",
        },
    )


def _chance(spreads: list[float], data: CheckInput, attribute: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Draw gaps between groups that differ by chance alone."""
    draws = data.run.rng("parity-null", attribute).normal(size=(data.policy.draws, len(spreads))) * np.array(spreads)
    return np.asarray(draws.max(axis=1) - draws.min(axis=1), dtype=np.float64)
