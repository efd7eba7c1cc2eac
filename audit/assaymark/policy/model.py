"""A policy: margins, estimability rules and gates, fixed before the data are looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Policy:
    """What an audit is held against.

    Attributes:
        name: Name that the file gives itself.
        sha256: Hex digest of the file's bytes.
        source: The file's bytes, as shipped in a release.
        min_group_size: Real rows that a group needs for a rate.
        min_positives: Positives (negatives) that a group needs for a true (false) positive rate.
        small_cell: Real cells below this are never published.
        level: Confidence level of intervals, in (0, 1).
        draws: Bootstrap draws.
        attacks: Rows and predicates that each privacy attack tries.
        margins: Smallest effect that counts, by finding id.
        fail_on: Outcomes that fail a gate.
        gated: Ids of the findings that are gated.
        learner_seeds: Fits of each seeded learner on each training set.
        real_refits: Fits of each learner on bootstrapped real rows, from which the null of utility findings is read.
        proof: Time stamp over ``source``, as shipped in a release; None when there is none.
    """

    name: str
    sha256: str
    source: bytes
    min_group_size: int
    min_positives: int
    small_cell: int
    level: float
    draws: int
    attacks: int
    margins: Mapping[str, float]
    fail_on: frozenset[str]
    gated: frozenset[str]
    learner_seeds: int = 3
    real_refits: int = 5
    proof: bytes | None = None

    def margin(self, finding: str) -> float:
        """Return the margin of a finding id, 0 when the policy names none."""
        return float(self.margins.get(finding, 0.0))
