"""Membership inference: how surely the synthetic rows alone give away who was among the real ones.

What counts is not how often an attack is right on average, but how many it accuses rightly while it wrongly accuses one in a
hundred; of all people, of those who stand alone, and of each protected group.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.checks.privacy import claims
from assaymark.checks.privacy.candidates import Candidates, Scores, choose
from assaymark.checks.privacy.membership_attacks import DENSITY, NEAREST, Attacked, attack
from assaymark.checks.statements import interval, not_estimable, number
from assaymark.results.findings import Finding, Outcome
from assaymark.statistics.operating_point import OperatingPoint, chance_excess, high_at_rate, true_positive_rate
from assaymark.statistics.outcomes import two_sided_outcome, upper_outcome
from assaymark.statistics.roc import delong
from assaymark.tables.groups import group_labels
from assaymark.tables.schema import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from assaymark.host.specs import CheckInput
    from assaymark.tables.schema import Column
    from assaymark.tables.table import Table

INFERENCE = "privacy.membership_inference"
OUTLIERS = "privacy.membership_inference_outliers"
GROUP = "privacy.membership_inference_group"
AREA = "privacy.membership_auc"
IDS = (INFERENCE, OUTLIERS, GROUP, AREA, claims.CLAIM)
FALSE_RATE = 0.01
SMALL_GROUPS = "_pooled"

_ATTACKS = (DENSITY, NEAREST)
_OUTLYING = 0.05
_MOST_OUTLYING = 0.25  # a larger share than this is not outlying
_DRAWS = 10_000
_SMALL = 10  # counts of real rows below this are not published
_STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05)
_DECIMALS = 4


@dataclass(frozen=True, slots=True)
class Subset:
    """Candidates of one kind.

    Attributes:
        scope: What a finding about them says of its scope.
        members: bool, shape (candidates,).
        others: The same for non-members.
    """

    scope: dict[str, Any]
    members: NDArray[np.bool_]
    others: NDArray[np.bool_]

    @property
    def fewest(self) -> int:
        """Members or non-members, whichever are fewer."""
        return int(min(self.members.sum(), self.others.sum()))

    def of(self, scores: Scores) -> Scores:
        """Return the scores of these candidates."""
        return Scores(scores.members[self.members], scores.others[self.others])


def check(data: CheckInput) -> Iterator[Finding]:
    """Return the findings of both attacks, and that of a claim of differential privacy."""
    reason = _unusable(data)
    if reason is not None or data.holdout is None:
        yield from _nothing(data, reason or "no_holdout")
        return
    candidates = choose(data.real.rows, data.holdout.rows, data.synthetic.rows, data.run)
    found = attack(data.real, data.holdout, data.synthetic, candidates, data.run)
    areas = {name: _area(found.scores[name], name, data) for name in _ATTACKS}
    if any(area.outcome is Outcome.EXCEEDED and (area.value or 0.0) < 0 for area in areas.values()):
        yield from (area for area in areas.values())
        yield from _nothing(data, "synthetic_knows_holdout", leave_out=AREA)
        return
    everyone = _everyone(candidates)
    for name in _ATTACKS:
        yield _rate(INFERENCE, everyone, found.scores[name], name, candidates, data)
        yield areas[name]
    for subset in (_outlying(found, data), *_groups(candidates, data.real, data.holdout, data)):
        yield from _of_subset(subset, found, candidates, data)
    if data.claim is not None:
        level = 1.0 - (1.0 - data.policy.level) / len(_ATTACKS)  # the better of two attacks is chosen after the fact
        points = {
            name: true_positive_rate(found.scores[name].members, found.scores[name].others, FALSE_RATE, level)
            for name in _ATTACKS
        }
        yield claims.finding(data.claim, points, FALSE_RATE)


def _unusable(data: CheckInput) -> str | None:
    """Return why no attack can be run, or None."""
    fewest = data.policy.min_group_size
    if data.holdout is None:
        return "no_holdout"
    if data.privacy_disabled is not None:
        return data.privacy_disabled
    if not data.schema.learnable:
        return "no_columns"
    if data.synthetic.rows < fewest:
        return "too_few_synthetic_rows"
    # halves of both tables are accused
    return "too_few_rows" if 2 * min(data.real.rows // 2, data.holdout.rows // 2) < fewest else None


def _nothing(data: CheckInput, reason: str, leave_out: str = "") -> Iterator[Finding]:
    for identifier in (INFERENCE, AREA, OUTLIERS):
        for name in _ATTACKS:
            if identifier != leave_out:
                yield not_estimable(identifier, {"attack": name}, reason)
    for column in data.schema.with_role(Role.PROTECTED):
        yield not_estimable(GROUP, {"protected": [column.name]}, reason)
    if data.claim is not None:
        yield claims.finding(data.claim, {}, FALSE_RATE)


def _everyone(candidates: Candidates) -> Subset:
    return Subset({}, *(np.ones(len(side), dtype=bool) for side in (candidates.members, candidates.others)))


def _outlying(found: Attacked, data: CheckInput) -> Subset:
    """The candidates whose closest neighbours in the population are farthest: those whom an average forgets."""
    both = np.concatenate([found.isolation.members, found.isolation.others])
    # a share of all, but enough of both kinds, if they were split evenly with some to spare
    wanted = max(_OUTLYING * len(both), 2.5 * data.policy.min_group_size)
    edge = np.quantile(both, 1.0 - min(wanted / len(both), _MOST_OUTLYING))
    return Subset({"subset": "outliers"}, found.isolation.members > edge, found.isolation.others > edge)


def _groups(candidates: Candidates, real: Table, holdout: Table, data: CheckInput) -> Iterator[Subset]:
    """Yield each group of each protected column that has enough candidates, and all others of it together."""
    for column in data.schema.with_role(Role.PROTECTED):
        own, theirs = _labels(real, column)[candidates.members], _labels(holdout, column)[candidates.others]
        left = Subset({"protected": [column.name], "group": SMALL_GROUPS}, np.ones(len(own), bool), np.ones(len(theirs), bool))
        for group in sorted({*own.tolist(), *theirs.tolist()}):
            subset = Subset({"protected": [column.name], "group": group}, own == group, theirs == group)
            if subset.fewest >= data.policy.min_group_size:
                yield subset
                left = replace(left, members=left.members & ~subset.members, others=left.others & ~subset.others)
        if left.members.any() or left.others.any():
            yield left


def _labels(table: Table, column: Column) -> NDArray[Any]:
    codes, labels = group_labels(table, column)
    return np.array(labels, dtype=object)[codes]


def _of_subset(subset: Subset, found: Attacked, candidates: Candidates, data: CheckInput) -> Iterator[Finding]:
    identifier = GROUP if "group" in subset.scope else OUTLIERS
    if subset.fewest < data.policy.min_group_size:
        yield not_estimable(identifier, subset.scope, "too_few_to_bound")
        return
    for name in _ATTACKS:
        yield _rate(identifier, subset, subset.of(found.scores[name]), name, candidates, data)


def _rate(identifier: str, subset: Subset, scores: Scores, name: str, candidates: Candidates, data: CheckInput) -> Finding:
    members, others = len(scores.members), len(scores.others)
    told = _told(members, others, exactly=identifier != GROUP)
    point = true_positive_rate(scores.members, scores.others, FALSE_RATE, data.policy.level)
    rng = data.run.rng("membership-null", *told.values())
    null = chance_excess(told["real"], told["holdout"], FALSE_RATE, data.policy.level, rng, _DRAWS)
    margin = max(data.policy.margin(identifier), null)
    area = _area(scores, name, data)
    scope = {"attack": name, **subset.scope}
    detail = {
        "interval": "order statistics and Wilson, MOVER",
        "false_positive_rate": FALSE_RATE,
        "auc": area.synthetic,
        "auc_ci": None if area.ci is None else [0.5 + (end or 0.0) for end in area.ci],
        "rows_used": {"synthetic": len(candidates.synthetic)},
        "real_is": "what guessing at random reaches",
    }
    outcome = upper_outcome((point.low - FALSE_RATE, point.high - FALSE_RATE), margin)
    shown = _shown(point, members)
    # of all rows, only numbers that could not bound the rate even by luck lift the gate; a part of them may be merely too small
    luck = 0.0 if identifier == INFERENCE else null
    if (
        outcome is Outcome.INCONCLUSIVE
        and high_at_rate(FALSE_RATE + luck, members, others, FALSE_RATE, data.policy.level) > FALSE_RATE + margin
    ):
        detail |= {"rate": shown.rate, "rate_ci": [shown.low, shown.high]}
        return Finding(identifier, scope, Outcome.NOT_ESTIMABLE, reason="too_few_to_bound", n=told, detail=detail)
    return Finding(
        identifier,
        scope,
        outcome,
        real=FALSE_RATE,
        synthetic=shown.rate,
        value=number(shown.rate - FALSE_RATE),
        ci=interval((shown.low - FALSE_RATE, shown.high - FALSE_RATE)),
        null=null,
        margin=margin,
        n=told,
        detail=detail,
    )


def _told(members: int, others: int, *, exactly: bool) -> dict[str, int]:
    """Return the counts as they are published; by group in tens, so that no small rest follows by subtraction."""
    unit = 1 if exactly else _SMALL
    return {"real": members // unit * unit, "holdout": others // unit * unit}


def _shown(point: OperatingPoint, members: int) -> OperatingPoint:
    """Return the rate as it is published: coarsely where it would give away a count of fewer than ten members."""
    if point.rate * members >= _SMALL:
        return OperatingPoint(*(round(rate, _DECIMALS) for rate in (point.rate, point.low, point.high)))
    step = next((step for step in _STEPS if step * members >= 3), _STEPS[-1])  # noqa: PLR2004 - three counts look alike
    down, up = np.floor(point.low / step) * step, np.ceil(point.high / step) * step
    return OperatingPoint(round(round(point.rate / step) * step, _DECIMALS), round(float(down), 4), round(float(up), 4))


def _area(scores: Scores, name: str, data: CheckInput) -> Finding:
    m, n = len(scores.members), len(scores.others)
    both = np.concatenate([scores.members, scores.others])
    areas = delong(np.arange(m + n) < m, both[None, :])
    auc, error = float(areas.auc[0]), float(np.sqrt(areas.covariance[0, 0]))
    z = float(_normal_quantile(data.policy.level))
    ends = (round(auc - z * error, _DECIMALS) - 0.5, round(auc + z * error, _DECIMALS) - 0.5)
    null = z * float(np.sqrt((m + n + 1) / (12.0 * m * n)))  # of the rank sum, if all are alike (Mann & Whitney, 1947)
    margin = max(data.policy.margin(AREA), null)
    return Finding(
        AREA,
        {"attack": name},
        two_sided_outcome(ends, margin),
        real=0.5,
        synthetic=round(auc, _DECIMALS),
        value=number(round(auc, _DECIMALS) - 0.5),
        ci=interval(ends),
        null=null,
        margin=margin,
        n={"real": m, "holdout": n},
        detail={"interval": "DeLong", "real_is": "what guessing at random reaches"},
    )


def _normal_quantile(level: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(0.5 + level / 2.0)
