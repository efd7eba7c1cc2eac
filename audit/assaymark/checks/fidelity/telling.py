"""How finely distances from real rows are told, so that no small count of them follows.

The synthetic table ships, so an exact distance of a table with few cells gives its real counts away. What is published of one
column, one pair or one triple is therefore rounded to a step that twenty real rows are needed to cross; a mean over many to as
many times finer a step, since it tells no more than that of any one of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assaymark.checks import rounding

if TYPE_CHECKING:
    from assaymark.host.specs import CheckInput

_DIGITS = 12  # of a multiple of a step, less what floats add
_COARSEST = 0.25  # a share told more coarsely tells nothing


@dataclass(frozen=True, slots=True)
class Told:
    """How numbers about real rows are rounded.

    Attributes:
        step: To multiples of this.
    """

    step: float

    @classmethod
    def of(cls, data: CheckInput, terms: int = 1) -> Told:
        """Return how to round what is about real rows.

        Args:
            data: Both tables.
            terms: How many distances the number is the mean of.
        """
        return cls(rounding.step(data.real.rows, terms, closely=True))

    @classmethod
    def of_holdout(cls, data: CheckInput, terms: int = 1) -> Told:
        """Return how to round what is about the rows of the holdout as well."""
        held = data.real.rows if data.holdout is None else data.holdout.rows
        return cls(rounding.step(min(data.real.rows, held), terms, closely=True))

    @property
    def usable(self) -> bool:
        """Whether anything is left to tell."""
        return self.step <= _COARSEST

    def number(self, value: float | None) -> float | None:
        """Return a distance, rounded."""
        return None if value is None else rounding.coarse(value, self.step)

    def score(self, value: float | None) -> float | None:
        """Return one less a distance, so rounded that the best score stays 1."""
        return None if value is None else self._score(value)

    def null(self, value: float | None) -> float | None:
        """Return a null, rounded up: it must not be told too small."""
        return None if value is None else rounding.upward(value, self.step)

    def difference(self, first: float, second: float) -> float:
        """Return the difference of two scores as both are told, which tells no more."""
        return rounding.coarse(self._score(first) - self._score(second), self.step)

    def around(self, value: float, ends: tuple[float, float]) -> tuple[float, float]:
        """Return an interval in [0, 1] around the rounded distance that holds the given one.

        Only its widths are rounded, upward: they hardly depend on any one count, where ends rounded by themselves would cut
        what fits into more and smaller pieces.

        Args:
            value: The estimate, exactly.
            ends: Its interval, exactly.
        """
        low, high = self._around(rounding.coarse(value, self.step), value, ends, self.step / 2.0)
        return max(low, 0.0), min(high, 1.0)

    def around_score(self, value: float, ends: tuple[float, float]) -> tuple[float, float]:
        """Return the same of a score, around :meth:`score`."""
        low, high = self.around(1.0 - value, (1.0 - ends[1], 1.0 - ends[0]))
        return round(1.0 - high, _DIGITS), round(1.0 - low, _DIGITS)

    def around_difference(self, first: float, second: float, ends: tuple[float, float]) -> tuple[float, float]:
        """Return the same of the difference of two scores, around :meth:`difference`."""
        return self._around(self.difference(first, second), first - second, ends, self.step)

    def _score(self, value: float) -> float:
        return round(1.0 - rounding.coarse(1.0 - value, self.step), _DIGITS)

    def _around(self, centre: float, value: float, ends: tuple[float, float], moved: float) -> tuple[float, float]:
        down, up = (rounding.upward(width + moved, self.step) for width in (value - ends[0], ends[1] - value))
        return rounding.coarse(centre - down, self.step), rounding.coarse(centre + up, self.step)
