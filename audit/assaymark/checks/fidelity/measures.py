"""What is measured of one column or one pair of columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assaymark.checks.fidelity.distances import Distance


@dataclass(frozen=True, slots=True)
class Theirs:
    """SDMetrics' scores of the same column or pair, 1 is best.

    Attributes:
        metric: Name of its metric.
        scores: Of the synthetic rows and, if there are any, of the holdout; None where it gives none.
        counted: Whether its report's mean counts it: a column always, a pair only if it is strongly related in real.
    """

    metric: str
    scores: tuple[float | None, ...]
    counted: bool = True


@dataclass(frozen=True, slots=True)
class Measure:
    """Distances of one column or pair of columns from real.

    Attributes:
        columns: One or two names.
        metric: What the distance is, in words.
        distances: Of the synthetic rows and, if there are any, of the holdout.
        theirs: SDMetrics' scores.
    """

    columns: tuple[str, ...]
    metric: str
    distances: tuple[Distance, ...]
    theirs: Theirs

    @property
    def value(self) -> float:
        """Distance of the synthetic rows."""
        return self.distances[0].value

    @property
    def null(self) -> float | None:
        """Distance of the holdout; None without one."""
        return self.distances[1].value if len(self.distances) > 1 else None
