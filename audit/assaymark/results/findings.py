"""Findings: what an audit says, one number with its uncertainty at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class Outcome(StrEnum):
    """What a finding comes to. The first eight belong to the bias family."""

    NOT_ESTIMABLE = "not_estimable"
    INTRODUCED = "introduced"
    REVERSED = "reversed"
    AMPLIFIED = "amplified"
    ATTENUATED = "attenuated"
    NOT_AMPLIFIED = "not_amplified"
    INCONCLUSIVE = "inconclusive"
    LOST = "lost"
    WITHIN = "within"
    EXCEEDED = "exceeded"
    SHOWN = "shown"


class Gate(StrEnum):
    """What a finding does to the verdict."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    UNGATED = "ungated"


class Verdict(StrEnum):
    """What an audit comes to."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"

    @property
    def exit_code(self) -> int:
        """Exit code of a command that ends in this verdict."""
        return {"pass": 0, "fail": 1, "inconclusive": 3}[self.value]


@dataclass(frozen=True, slots=True)
class Finding:
    """One measured statement.

    Attributes:
        id: Stable id, ``family.measure``.
        scope: What it is about: ``protected``, ``groups``, ``group``, ``target``, ``positive``, ``column``, ``columns``.
        real: Measured on the real data; None when not estimable or not applicable.
        synthetic: Measured on the synthetic data.
        value: Signed effect: synthetic - real, or log(synthetic / real) for ratios.
        ci: 95% interval of ``value``; an end is None where it is unbounded.
        null: 95th percentile of the absolute effect that sampling alone would give, in the unit of ``value``, at least 0.
        margin: Effective margin that the interval was held against: the larger of the policy's margin and ``null``.
        outcome: What it comes to.
        reason: Why it is not estimable, a short stable code; None otherwise.
        gate: What it does to the verdict; set by the policy.
        n: Row counts behind it, by dataset and group; never a count under 10 of real rows.
        controls: Provisions that it is evidence relevant to.
        detail: Further JSON-ready numbers of a measure.
        p: One-sided p-value of an effect that is really within its margin, where ``outcome`` says that it goes beyond; None
            otherwise. A check may give it; else the policy reads it off the interval.
        p_adjusted: ``p`` after Holm's correction over all gated findings, or Benjamini and Hochberg's over all others; set by
            the policy.
    """

    id: str
    scope: Mapping[str, Any]
    outcome: Outcome
    real: float | None = None
    synthetic: float | None = None
    value: float | None = None
    ci: tuple[float | None, float | None] | None = None
    null: float | None = None
    margin: float | None = None
    reason: str | None = None
    gate: Gate = Gate.UNGATED
    n: Mapping[str, Any] = field(default_factory=dict)
    controls: tuple[str, ...] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)
    p: float | None = None
    p_adjusted: float | None = None

    @property
    def family(self) -> str:
        """First part of the id."""
        return self.id.split(".", 1)[0]

    def document(self) -> dict[str, Any]:
        """Return the finding as it stands in ``audit.json``."""
        return {
            "id": self.id,
            "scope": dict(self.scope),
            "real": self.real,
            "synthetic": self.synthetic,
            "value": self.value,
            "ci": None if self.ci is None else list(self.ci),
            "null": self.null,
            "margin": self.margin,
            "p": self.p,
            "p_adjusted": self.p_adjusted,
            "outcome": self.outcome.value,
            "reason": self.reason,
            "gate": self.gate.value,
            "n": dict(self.n),
            "controls": list(self.controls),
            "detail": dict(self.detail),
        }
