"""From findings to gates, and from gates to a verdict.

Many gated findings are many chances of a false alarm. What fails a gate must therefore also survive Holm's correction over all
gated findings; what does not is undecided. Findings that are not gated are exploration: their false discovery rate is told.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from assaymark.results.findings import Finding, Gate, Outcome, Verdict
from assaymark.statistics.multiplicity import benjamini_hochberg, beyond_margin, holm
from assaymark.statistics.power import times_the_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from assaymark.policy.model import Policy

_UNDECIDED = frozenset({Outcome.INCONCLUSIVE, Outcome.NOT_ESTIMABLE})
_UNJUDGED = frozenset({Outcome.NOT_ESTIMABLE, Outcome.SHOWN})
_BEYOND = frozenset({Outcome.AMPLIFIED, Outcome.ATTENUATED, Outcome.EXCEEDED})
DECIDING = "rows_to_decide"  # the one entry of a finding's detail that its gate adds
_COUNTLESS = 1e6  # times the rows: no plan
# without a holdout privacy and utility cannot be measured at all, a rate of one in a hundred cannot be bounded by few rows, and
# without rare values nobody is singled out by one of them; that is shown, and is no reason to withhold a verdict
_UNGATED_REASONS = frozenset({"no_holdout", "too_few_to_bound", "too_few_predicates"})


def judge(findings: Iterable[Finding], policy: Policy) -> tuple[Finding, ...]:
    """Return findings with p-values, adjusted ones, and what each does to the verdict.

    The families are fixed before the data are seen: the gated findings that are estimable (Holm), and all others that have an
    outcome (Benjamini-Hochberg).
    """
    known = tuple(replace(finding, p=_p_value(finding, policy.level)) for finding in findings)
    gated = [gated_by(finding, policy) for finding in known]
    adjusted: dict[int, float] = {}
    for member, adjust in ((True, holm), (False, benjamini_hochberg)):
        places = [i for i, f in enumerate(known) if gated[i] is member and f.outcome not in _UNJUDGED]
        # what is within its margin, or undecided, rejects nothing
        values = adjust([1.0 if (p := known[i].p) is None else p for i in places])
        adjusted |= {i: float(value) for i, value in zip(places, values, strict=True) if known[i].p is not None}
    return tuple(gate(replace(finding, p_adjusted=adjusted.get(i)), policy, gated=gated[i]) for i, finding in enumerate(known))


def gated_by(finding: Finding, policy: Policy) -> bool:
    """Return whether the policy gates a finding; what a check only shows is not judged."""
    shown = finding.outcome is Outcome.SHOWN or finding.reason in _UNGATED_REASONS
    return finding.id in policy.gated and not shown


def gate(finding: Finding, policy: Policy, *, gated: bool) -> Finding:
    """Return a finding whose p-value is adjusted with what it does to the verdict."""
    if not gated:
        return replace(finding, gate=Gate.UNGATED)
    if finding.outcome.value in policy.fail_on:
        chance = finding.p_adjusted is not None and finding.p_adjusted > 1.0 - policy.level
        return replace(finding, gate=Gate.INCONCLUSIVE if chance else Gate.FAIL)
    if finding.outcome not in _UNDECIDED:
        return replace(finding, gate=Gate.PASS)
    return replace(finding, gate=Gate.INCONCLUSIVE, detail={**finding.detail, **_what_would_decide(finding, policy)})


def _what_would_decide(finding: Finding, policy: Policy) -> dict[str, float]:
    """Return by what factor the rows must grow for the policy's margin to be decided, where an interval tells."""
    low, high = finding.ci or (None, None)
    if finding.outcome is not Outcome.INCONCLUSIVE or low is None or high is None:
        return {}
    factor = times_the_rows(high - low, policy.margin(finding.id), policy.level)
    # coarsely, as the plan of a study is; what the present rows may decide another time asks for no more of them
    return {DECIDING: float(f"{factor:.2g}")} if 1.0 < factor < _COUNTLESS else {}


def _p_value(finding: Finding, level: float) -> float | None:
    """Return the p-value of a check, or the one that its interval implies; None where nothing goes beyond a margin."""
    if finding.p is not None or finding.outcome not in _BEYOND:
        return finding.p
    if finding.value is None or finding.ci is None or finding.margin is None:
        return None
    near = finding.ci[0] if finding.value >= 0 else finding.ci[1]
    if near is None:
        return None
    sign = 1.0 if finding.value >= 0 else -1.0
    return beyond_margin(abs(finding.value), sign * near, finding.margin, level)


def verdict(findings: Iterable[Finding]) -> Verdict:
    """Return what gated findings come to: any failure fails; else anything undecided is inconclusive; else pass."""
    gates = {finding.gate for finding in findings}
    if Gate.FAIL in gates:
        return Verdict.FAIL
    return Verdict.INCONCLUSIVE if Gate.INCONCLUSIVE in gates or gates <= {Gate.UNGATED} else Verdict.PASS


def gate_counts(findings: Sequence[Finding]) -> dict[str, int]:
    """Return how many findings each gate has, in a fixed order."""
    counts = Counter(finding.gate for finding in findings)
    return {gate.value: counts[gate] for gate in Gate}
