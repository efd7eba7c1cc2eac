"""One scope of an audit with everything that its bias findings are computed from, drawn once for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.checks.bias.no_disparity import EqualRates, draw_equal_rates
from assaymark.checks.bias.sampling import ScopeSample, sample_scope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from assaymark.checks.statements import Subject
    from assaymark.cubes.published import ScopeCubes
    from assaymark.host.specs import CheckInput
    from assaymark.policy.model import Policy


@dataclass(frozen=True, slots=True)
class Case:
    """One scope.

    Attributes:
        subject: What its findings are about.
        cubes: Its published tables.
        sample: The tables side by side, with their draws.
        policy: Margins and estimability rules.
        places: Rows of the groups that have a rate of their own, at least two unless said otherwise.
        equal: Draws in which all these groups have one rate.
        references: Reference group by attribute, where one was named.
    """

    subject: Subject
    cubes: ScopeCubes
    sample: ScopeSample
    policy: Policy
    places: NDArray[np.intp]
    equal: EqualRates
    references: Mapping[str, str]

    @property
    def real(self) -> NDArray[np.int64]:
        """Real counts of the groups that have a rate, shape (k, 2)."""
        return self.sample.real[self.places]

    @property
    def synthetic(self) -> NDArray[np.int64]:
        """Synthetic counts of the same groups."""
        return self.sample.synthetic[self.places]

    @property
    def lost(self) -> NDArray[np.bool_]:
        """Which of these groups have no synthetic row, shape (k,)."""
        return np.asarray(self.synthetic.sum(axis=1) == 0, dtype=np.bool_)


def open_case(subject: Subject, cubes: ScopeCubes, data: CheckInput) -> Case:
    """Draw all that the findings of a scope share."""
    sample = sample_scope(cubes, data.policy, data.run)
    places = np.flatnonzero(sample.estimable)
    rng = data.run.rng("no disparity", *cubes.protected)
    equal = draw_equal_rates(sample.real[places], sample.synthetic[places], data.policy.draws, rng)
    return Case(subject, cubes, sample, data.policy, places, equal, data.references)
