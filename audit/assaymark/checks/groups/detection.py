"""Detection by group: whether a classifier tells synthetic rows of a group from real ones (a classifier two-sample test).

Lopez-Paz & Oquab (2017). An overall test is dominated by the largest group; one of a group's own is not. Beside it stands how
well holdout rows of the group are told from real ones, which nobody should be able to.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from assaymark.checks.groups.areas import influences
from assaymark.checks.groups.attackers import LEARNER, features, probabilities
from assaymark.checks.groups.membership import HOLDOUT, REAL, SYNTHETIC, Membership, memberships, tables_of
from assaymark.checks.groups.sampling import most_rows
from assaymark.checks.statements import interval, not_estimable, number
from assaymark.results.findings import Finding
from assaymark.statistics.outcomes import upper_outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assaymark.checks.statements import Subject
    from assaymark.host.specs import CheckInput

DETECTION = "fidelity.group_detection"
IDS = (DETECTION,)

_FEWEST = 500  # rows of a group, in real and in synthetic; with fewer a classifier learns too little
_MOST_CELLS = 56_000  # rows times columns of each table; half of the rows to learn from, half to be tested on


def check(data: CheckInput) -> Iterator[Finding]:
    """Return a finding for each published group of each attribute."""
    for subject, groups in memberships(data):
        if isinstance(groups, str):
            yield not_estimable(DETECTION, subject.scope(), groups)
            continue
        for group, name in enumerate(groups.names):
            data.run.check()
            scope, n = subject.scope(group=name), groups.n(group)
            reason = _problem(groups, group, data)
            yield not_estimable(DETECTION, scope, reason, n=n) if reason else _finding(subject, groups, group, data)
        for name in groups.pooled:
            yield not_estimable(DETECTION, subject.scope(group=name), "small_cell")


def _problem(groups: Membership, group: int, data: CheckInput) -> str | None:
    if len(data.schema.learnable) < 2:  # noqa: PLR2004 - the attribute itself tells nothing of a group
        return "too_few_columns"
    sizes = {name: int(groups.counts[name][group].sum()) for name in (REAL, SYNTHETIC)}
    if sizes[REAL] < _FEWEST:
        return "group_too_small"
    if sizes[SYNTHETIC] < _FEWEST:
        return "too_few_synthetic_rows" if sizes[SYNTHETIC] else "group_without_synthetic_rows"
    return None


@dataclass(frozen=True, slots=True)
class _Area:
    area: float
    variance: float
    rows: int


def _finding(subject: Subject, groups: Membership, group: int, data: CheckInput) -> Finding:
    synthetic = _told_apart(groups, group, SYNTHETIC, data)
    fresh = None
    if HOLDOUT in groups.counts and groups.counts[HOLDOUT][group].sum() >= data.policy.min_group_size:
        fresh = _told_apart(groups, group, HOLDOUT, data)
    level = fresh or _Area(0.5, 0.0, 0)
    z = NormalDist().inv_cdf(0.5 + data.policy.level / 2.0)
    value, half = synthetic.area - level.area, z * float(np.sqrt(synthetic.variance + level.variance))
    null = z * float(np.sqrt(2.0 * (level.variance or synthetic.variance)))
    margin = max(data.policy.margin(DETECTION), null)
    return Finding(
        DETECTION,
        subject.scope(group=groups.names[group]),
        upper_outcome((value - half, value + half), margin),
        real=number(level.area),
        synthetic=number(synthetic.area),
        value=number(value),
        ci=interval((value - half, value + half)),
        null=number(null),
        margin=margin,
        n=groups.n(group),
        detail={
            "interval": "DeLong",
            "learner": LEARNER,
            "real_is": "area for holdout rows of the group" if fresh else "chance, as the group has too few holdout rows",
            "rows_used": {"of_each_table": synthetic.rows},
            "margin_from": "null" if margin == null else "policy",
        },
    )


def _told_apart(groups: Membership, group: int, other: str, data: CheckInput) -> _Area:
    """Return how well rows of a group in ``other`` are told from its real rows, on rows that were not learned from."""
    tables = tables_of(data)
    key = (groups.attribute, groups.names[group], other)
    found = [groups.rows(name, group) for name in (REAL, other)]
    columns = [column for column in data.schema.learnable if column.name != groups.attribute]
    size = min(len(found[0]), len(found[1]), most_rows(_MOST_CELLS, len(columns)))
    rows = [data.run.rng("detection-rows", *key, place).choice(own, size, replace=False) for place, own in enumerate(found)]
    (real, synthetic), categorical = features([tables[REAL], tables[other]], columns, rows)
    half = size // 2
    scores = probabilities(
        np.concatenate([real[:half], synthetic[:half]]),
        np.repeat([0, 1], half),
        np.concatenate([real[half:], synthetic[half:]]),
        categorical,
        width=2,
        seed=data.run.entropy("detection", *key),
    )
    truth = np.repeat([False, True], size - half)
    area, added = influences(truth, scores[:, 1])
    return _Area(area, float((added**2).sum()), size)
