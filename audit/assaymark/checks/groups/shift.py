"""Label-conditional shift: how far rows of one group and one outcome are from real rows of that group and outcome.

A generator can keep every rate and still make up other women who earn much than there are: d(P_R(X | g, y), P_S(X | g, y)).
"""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

from assaymark.checks.groups.cells import Cell, code, measure_cell
from assaymark.checks.groups.membership import memberships
from assaymark.checks.rounding import coarse, outward, upward
from assaymark.checks.statements import not_estimable
from assaymark.results.findings import Finding
from assaymark.statistics.outcomes import upper_outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from assaymark.host.specs import CheckInput

SHIFT = "bias.label_conditional_shift"
IDS = (SHIFT,)

_OUTCOMES = ("rest", "positive")


def check(data: CheckInput) -> Iterator[Finding]:
    """Return a finding for each group and outcome of each attribute."""
    coded = code(data)
    for subject, groups in memberships(data):
        if isinstance(groups, str):
            yield not_estimable(SHIFT, subject.scope(), groups)
            continue
        rest = coded.without({subject.cubes.target, groups.attribute})
        for group in range(len(groups.names)):
            if not groups.estimable[group]:
                continue
            for truth, outcome in enumerate(_OUTCOMES):
                data.run.check()
                scope = subject.scope(group=groups.names[group], outcome=outcome)
                cell = measure_cell(data, groups, rest, group, truth)
                n = groups.n(group, truth)
                yield not_estimable(SHIFT, scope, cell, n=n) if isinstance(cell, str) else judged(SHIFT, scope, cell, data, n)
        yield from groups.left_out(SHIFT)


def judged(identifier: str, scope: Mapping[str, Any], cell: Cell, data: CheckInput, n: Mapping[str, Any]) -> Finding:
    """Return the finding of a cell: its distance net of chance, held against the margin."""
    z = NormalDist().inv_cdf(0.5 + data.policy.level / 2.0)
    distance, by = cell.distance, cell.by
    floor, value = coarse(float(distance.floors.mean()), by), coarse(distance.net, by)
    ends = outward((distance.net - z * distance.error, distance.net + z * distance.error), by)
    null = upward(z * distance.chance, by)
    margin = max(data.policy.margin(identifier), null)
    return Finding(
        identifier,
        scope,
        upper_outcome(ends, margin),
        real=floor,
        synthetic=coarse(floor + value, by),
        value=value,
        ci=ends,
        null=null,
        margin=margin,
        n=n,
        detail=cell.detail(held=data.holdout is not None) | {"margin_from": "null" if margin == null else "policy"},
    )
