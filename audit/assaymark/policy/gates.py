"""From findings to gates, and from gates to a verdict."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from assaymark.results.findings import Finding, Gate, Outcome, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from assaymark.policy.model import Policy

_UNDECIDED = frozenset({Outcome.INCONCLUSIVE, Outcome.NOT_ESTIMABLE})
# without a holdout privacy and utility cannot be measured at all; that is shown, and is no reason to withhold a verdict
_UNGATED_REASONS = frozenset({"no_holdout"})


def gate(finding: Finding, policy: Policy) -> Finding:
    """Return the finding with what it does to the verdict."""
    if finding.id not in policy.gated or finding.reason in _UNGATED_REASONS:
        return replace(finding, gate=Gate.UNGATED)
    if finding.outcome.value in policy.fail_on:
        return replace(finding, gate=Gate.FAIL)
    return replace(finding, gate=Gate.INCONCLUSIVE if finding.outcome in _UNDECIDED else Gate.PASS)


def verdict(findings: Iterable[Finding]) -> Verdict:
    """Return what gated findings come to: any failure fails; else anything undecided is inconclusive; else pass."""
    gates = {finding.gate for finding in findings}
    if Gate.FAIL in gates:
        return Verdict.FAIL
    return Verdict.INCONCLUSIVE if Gate.INCONCLUSIVE in gates or gates <= {Gate.UNGATED} else Verdict.PASS


def gate_counts(findings: Iterable[Finding]) -> dict[str, int]:
    """Return how many findings each gate has, in a fixed order."""
    counts = Counter(finding.gate for finding in findings)
    return {gate.value: counts[gate] for gate in Gate}
