"""Findings of rules that hold in real: how often synthetic rows break them.

A rule that at most one in a thousand real rows breaks, and one in two hundred of the holdout, counts as a rule. How many real
rows break it is not told: those are few by its nature.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from assaymark.checks.statements import interval, number
from assaymark.results.findings import Finding, Outcome
from assaymark.statistics.intervals import wilson
from assaymark.statistics.outcomes import upper_outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assaymark.host.specs import CheckInput

HOLDS = 0.001  # largest share of real rows that break a rule
CONFIRMED = 0.005  # of holdout rows
FEWEST = 100  # real rows that a rule must rest on

_LISTED = 100


@dataclass(frozen=True, slots=True)
class Broken:
    """How many rows of a table break a rule.

    Attributes:
        rows: Rows that break it.
        of: Rows that it can be held against.
    """

    rows: int
    of: int

    @property
    def share(self) -> float:
        """Share of the rows that break it; 0 of no rows."""
        return self.rows / self.of if self.of else 0.0


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule, and how often real, synthetic and, if there is one, holdout rows break it."""

    scope: dict[str, Any]
    broken: tuple[Broken, ...]
    detail: dict[str, Any] = field(default_factory=dict)


def holds(broken: Sequence[Broken]) -> bool:
    """Return whether a rule holds in real and, if there is one, in the holdout."""
    real, *rest = broken
    fresh = rest[1:]
    return real.of >= FEWEST and real.share <= HOLDS and all(one.share <= CONFIRMED for one in fresh)


def findings(identifier: str, rules: Sequence[Rule], data: CheckInput) -> Iterator[Finding]:
    """Return a finding for each rule; of very many, for those that are broken most."""
    order = sorted(range(len(rules)), key=lambda place: (-rules[place].broken[1].share, place))[:_LISTED]
    for place in sorted(order):
        yield _finding(identifier, rules[place], len(rules), data)


def _finding(identifier: str, rule: Rule, inferred: int, data: CheckInput) -> Finding:
    small, synthetic = data.policy.small_cell, rule.broken[1]
    fresh = rule.broken[2] if len(rule.broken) > 2 else None  # noqa: PLR2004 - real, synthetic, holdout
    null = fresh.share if fresh is not None and fresh.rows >= small else None
    margin = max(data.policy.margin(identifier), HOLDS, null or 0.0)
    ends = wilson(synthetic.rows, synthetic.of, data.policy.level)
    low, high = float(ends[0]), float(ends[1])
    known = synthetic.of > 0
    return Finding(
        identifier,
        rule.scope,
        upper_outcome((low, high), margin) if known else Outcome.NOT_ESTIMABLE,
        reason=None if known else "too_few_synthetic_rows",
        synthetic=number(synthetic.share) if known else None,
        value=number(synthetic.share) if known else None,
        ci=interval((low, high)) if known else None,
        null=None if null is None else number(null),
        margin=margin if known else None,
        n={"synthetic": synthetic.of},
        detail={
            **rule.detail,
            "broken": synthetic.rows,
            "kept": synthetic.of - synthetic.rows,
            "rules": inferred,
            "listed": min(inferred, _LISTED),
            "holds_in_real": f"in all rows but at most {HOLDS:.1%}, and but {CONFIRMED:.1%} of the holdout if there is one",
            "null_is": f"share of the holdout that breaks it; withheld where it is of fewer than {small} rows",
        },
    )
