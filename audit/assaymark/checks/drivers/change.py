"""Which gaps are explained: those whose change the policy is about, told from the cubes exactly as the finding itself is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.checks.bias.effects import Estimate, estimates
from assaymark.checks.bias.measures import demographic_parity_difference
from assaymark.checks.bias.rates import DIFFERENCE, extremes
from assaymark.checks.bias.sampling import sample_scope
from assaymark.checks.statements import Subject, unusable
from assaymark.results.findings import Outcome
from assaymark.statistics.outcomes import bias_outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from assaymark.cubes.fine import Group
    from assaymark.cubes.published import ScopeCubes
    from assaymark.host.specs import CheckInput
    from assaymark.policy.model import Policy

_ALWAYS = frozenset({Outcome.AMPLIFIED, Outcome.INTRODUCED, Outcome.REVERSED})
_FEWEST = 2


@dataclass(frozen=True, slots=True)
class Change:
    """A demographic parity difference that moved.

    Attributes:
        subject: The attribute or intersection.
        groups: Groups a and b, by their labels.
        names: Their names.
        real: Counts of a and b by outcome in real rows, shape (2, 2).
        synthetic: The same in synthetic rows.
        estimate: What the finding says of it.
        outcome: What it came to.
    """

    subject: Subject
    groups: tuple[Group, Group]
    names: tuple[str, str]
    real: NDArray[np.int64]
    synthetic: NDArray[np.int64]
    estimate: Estimate
    outcome: Outcome

    @property
    def delta(self) -> float:
        """Change of p(a) - p(b)."""
        return float(self.estimate.value)

    def n(self) -> dict[str, dict[str, int]]:
        """Return rows by dataset and group, as the cubes publish them."""
        return {
            name: {group: int(rows) for group, rows in zip(self.names, counts.sum(axis=1), strict=True)}
            for name, counts in (("real", self.real), ("synthetic", self.synthetic))
        }


def explained(policy: Policy) -> frozenset[Outcome]:
    """Return the outcomes that are explained; a smaller gap is one when the policy fails on it."""
    return _ALWAYS | {Outcome.ATTENUATED} if Outcome.ATTENUATED.value in policy.fail_on else _ALWAYS


def changes(data: CheckInput) -> Iterator[Change]:
    """Return the gaps to explain, scope by scope."""
    for cubes in data.cubes.scopes:
        data.run.check()
        if unusable(cubes) is None:
            found = _change(cubes, data)
            if found is not None and found.outcome in explained(data.policy):
                yield found


def _change(cubes: ScopeCubes, data: CheckInput) -> Change | None:
    sample = sample_scope(cubes, data.policy, data.run)
    places = np.flatnonzero(sample.estimable)
    if len(places) < _FEWEST:
        return None
    pair = list(extremes(sample, places))
    if not sample.synthetic[pair].sum(axis=1).all():
        return None
    (estimate,) = estimates(demographic_parity_difference(pair[0], pair[1]), sample, data.policy.level)
    if not np.isfinite(estimate.null):
        return None
    margin = max(data.policy.margin(DIFFERENCE), estimate.null)
    return Change(
        Subject(data.cubes, cubes.protected),
        (cubes.real.groups[pair[0]], cubes.real.groups[pair[1]]),
        (sample.names[pair[0]], sample.names[pair[1]]),
        sample.real[pair],
        sample.synthetic[pair],
        estimate,
        bias_outcome(estimate.effect, margin),
    )
