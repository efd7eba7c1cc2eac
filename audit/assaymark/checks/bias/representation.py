"""Representation: whether each group keeps its share, is lost, or is invented."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from assaymark.checks.bias.effects import estimates
from assaymark.checks.bias.measures import group_odds, shares
from assaymark.checks.bias.sampling import ScopeSample, sample_scope
from assaymark.checks.statements import Subject, estimated, group_counts, not_estimable, number, unusable
from assaymark.cubes.published import ScopeCubes, group_name
from assaymark.results.findings import Finding, Outcome
from assaymark.statistics.intervals import wilson
from assaymark.statistics.outcomes import two_sided_outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assaymark.host.specs import CheckInput
    from assaymark.policy.model import Policy

DISPARITY = "representation.log_disparity"
LOST = "representation.lost_group"
INVENTED = "representation.invented_group"
IDS = (DISPARITY, LOST, INVENTED)

_SURPRISE = 0.05  # a group counts as lost when chance alone would lose it less often than this
_LISTED = 50


def check(data: CheckInput) -> Iterator[Finding]:
    """Return the representation findings, scope by scope."""
    for cubes in data.cubes.scopes:
        data.run.check()
        subject = Subject(data.cubes, cubes.protected)
        reason = unusable(cubes)
        if reason is not None:
            for identifier in IDS:
                yield not_estimable(identifier, subject.scope(), reason)
            continue
        sample = sample_scope(cubes, data.policy, data.run)
        yield from _disparities(subject, cubes, sample, data.policy)
        yield from _lost(subject, cubes, sample, data.policy)
        yield from _invented(subject, cubes, data.policy)


def _disparities(subject: Subject, cubes: ScopeCubes, sample: ScopeSample, policy: Policy) -> Iterator[Finding]:
    last = len(sample.names) - (cubes.real.pooled is None)
    places = np.arange(last)
    if last < 2:  # noqa: PLR2004 - one group alone has all rows, always
        yield not_estimable(DISPARITY, subject.scope(group=sample.names[0]), "single_group")
        return
    real, synthetic = shares(sample.real), shares(sample.synthetic)
    for place, estimate in zip(places, estimates(group_odds(places), sample, policy.level), strict=True):
        scope = subject.scope(group=sample.names[place])
        counts = group_counts(sample, [int(place)])
        if not np.isfinite(estimate.null):
            yield not_estimable(DISPARITY, scope, "too_few_synthetic_rows", n=counts)
            continue
        margin = max(policy.margin(DISPARITY), estimate.null)
        outcome = two_sided_outcome(estimate.effect.value, margin)
        finding = estimated(DISPARITY, scope, estimate, margin=margin, outcome=outcome, n=counts)
        yield _with_shares(finding, float(real[place]), float(synthetic[place]))


def _with_shares(finding: Finding, real: float, synthetic: float) -> Finding:

    return replace(finding, real=number(real), synthetic=number(synthetic))


def _lost(subject: Subject, cubes: ScopeCubes, sample: ScopeSample, policy: Policy) -> Iterator[Finding]:
    total, synthetic_total = int(sample.real.sum()), int(sample.synthetic.sum())
    present = dict(zip(cubes.synthetic.groups, cubes.synthetic.n, strict=True))
    known = [(group, float(n) / total, True) for group, n in zip(cubes.real.groups, cubes.real.n, strict=True)]
    # a pooled group that is named has at least ``small_cell`` rows: a lower bound of its share that gives nothing away
    known += [(group, policy.small_cell / total, False) for group in cubes.real.pooled_groups]
    for group, share, exact in known:
        rows = int(present.get(group, 0))
        chance = float((1.0 - share) ** synthetic_total)
        outcome = Outcome.WITHIN if rows else Outcome.LOST if chance < _SURPRISE else Outcome.INCONCLUSIVE
        yield Finding(
            LOST,
            subject.scope(group=group_name(group)),
            outcome if rows or outcome is Outcome.LOST else Outcome.NOT_ESTIMABLE,
            real=share if exact else None,
            synthetic=rows / synthetic_total,
            reason=None if rows or outcome is Outcome.LOST else "too_few_synthetic_rows",
            n={"synthetic": {group_name(group): rows}},
            detail={"chance": chance, "chance_is_upper_bound": not exact},
            p=chance if outcome is Outcome.LOST else None,
        )


def _invented(subject: Subject, cubes: ScopeCubes, policy: Policy) -> Iterator[Finding]:
    """Groups that real does not have, or has in fewer than ten rows: which of the two is not told, by intent.

    A group is invented when its share is surely larger than any such rare group of real could have.
    """
    known = {*cubes.real.groups, *cubes.real.pooled_groups}
    total = int(cubes.synthetic.counts.sum())
    ceiling = (policy.small_cell - 1) / int(cubes.real.cells.sum())
    unknown = [(g, int(n)) for g, n in zip(cubes.synthetic.groups, cubes.synthetic.n, strict=True) if g not in known]
    rows = sum(n for _, n in unknown)
    found = 0
    for group, n in sorted(unknown, key=lambda item: (-item[1], item[0]))[:_LISTED]:
        low, high = wilson(n, total, policy.level)
        if float(low) <= ceiling:
            continue
        found += 1
        yield Finding(
            INVENTED,
            subject.scope(group=group_name(group)),
            Outcome.EXCEEDED,
            synthetic=n / total,
            value=n / total,
            ci=(number(float(low)), number(float(high))),
            margin=ceiling,
            n={"synthetic": {group_name(group): n}},
            detail={"known_in_real": "not present, or held by fewer than ten rows"},
        )
    if not found:
        yield Finding(
            INVENTED,
            subject.scope(),
            Outcome.WITHIN,
            synthetic=rows / total,
            value=rows / total,
            margin=ceiling,
            n={"synthetic": {"groups": len(unknown), "rows": rows}},
            detail={"known_in_real": "not present, or held by fewer than ten rows"},
        )
