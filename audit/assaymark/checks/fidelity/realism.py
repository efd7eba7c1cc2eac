"""The findings of density, coverage, alpha-precision and beta-recall, each beside the level that fresh real rows have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.checks.fidelity.embedding import embed
from assaymark.checks.fidelity.neighbours import (
    ALPHAS,
    NEIGHBOURS,
    STEPS,
    Sample,
    closeness,
    measure_other,
    measure_real,
)
from assaymark.checks.statements import interval, not_estimable, number
from assaymark.results.findings import Finding, Outcome
from assaymark.statistics.bootstrap import percentile_interval, sample_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from assaymark.host.specs import CheckInput
    from assaymark.tables.table import Table

    Values = NDArray[np.float64]

ALPHA = "fidelity.alpha_precision"
BETA = "fidelity.beta_recall"
DENSITY = "fidelity.density"
COVERAGE = "fidelity.coverage"
IDS = (ALPHA, BETA, DENSITY, COVERAGE)

_ROWS = 5000  # of each table: costs grow with the square
_FEWEST = 50


@dataclass(frozen=True, slots=True)
class _Measure:
    score: Callable[[Sample], float]
    draw: Callable[[Sample, int, np.random.Generator], Values]


def check(data: CheckInput) -> Iterator[Finding]:
    """Return the four findings."""
    tables = [data.real, data.synthetic] if data.holdout is None else [data.real, data.synthetic, data.holdout]
    rows = min(_ROWS, *(table.rows for table in tables))
    n = {"real": data.real.rows, "synthetic": data.synthetic.rows}
    if rows < _FEWEST or not data.schema.learnable:
        reason = "too_few_rows" if data.schema.learnable else "no_columns"
        yield from (not_estimable(identifier, {}, reason, n=n) for identifier in IDS)
        return
    samples = _samples(tables, rows, data)
    for identifier, measure in _MEASURES.items():
        yield _finding(identifier, measure, samples, rows, n, data)


def _samples(tables: list[Table], rows: int, data: CheckInput) -> list[Sample]:
    from threadpoolctl import threadpool_limits

    picked = []
    for name, table in zip(("real", "synthetic", "holdout"), tables, strict=False):
        rng = data.run.rng("neighbours-rows", name)
        picked.append(np.sort(rng.choice(table.rows, rows, replace=False)))
    points = embed(tables, data.schema.learnable, picked).points
    with threadpool_limits(limits=1, user_api="blas"):
        real = measure_real(points[0], data.run)
        return [measure_other(real, other, data.run) for other in points[1:]]


def _finding(
    identifier: str, measure: _Measure, samples: list[Sample], rows: int, n: dict[str, int], data: CheckInput
) -> Finding:
    level, rng = data.policy.level, data.run.rng("neighbours", identifier)
    scores = [measure.score(sample) for sample in samples]
    draws = [
        _centred(measure.draw(sample, data.policy.draws, rng), score) for sample, score in zip(samples, scores, strict=True)
    ]
    own = percentile_interval(draws[0], level)
    held = len(samples) > 1
    ends = percentile_interval(draws[0] - draws[1], level) if held else None
    luck = np.quantile(np.abs(draws[1] - rng.permutation(draws[1])), level) if held else None
    return Finding(
        identifier,
        {},
        Outcome.SHOWN,
        real=number(scores[1]) if held else None,
        synthetic=number(scores[0]),
        value=number(scores[0] - scores[1]) if held else None,
        ci=None if ends is None else interval((float(ends[0]), float(ends[1]))),
        null=None if luck is None else number(float(luck)),
        n=n,
        detail={
            "rows_used": dict.fromkeys(("real", "synthetic", "holdout")[: len(samples) + 1], rows),
            "neighbours": NEIGHBOURS,
            "score_interval": [number(float(own[0])), number(float(own[1]))],
            "real_is": "score of the holdout" if held else None,
            "null_is": "how far the scores of two such holdouts lie apart, by sampling alone" if held else None,
        },
    )


def _centred(draws: Values, score: float) -> Values:
    """Return draws whose mean is the score: drawn anew, a curve strays from the diagonal a second time."""
    return np.asarray(draws - draws.mean() + score, dtype=np.float64)


def _draw_density(sample: Sample, draws: int, rng: np.random.Generator) -> Values:
    error = float(sample.balls.std()) / np.sqrt(len(sample.balls))
    return np.asarray((float(sample.balls.mean()) + error * rng.standard_normal(draws)) / NEIGHBOURS, dtype=np.float64)


def _draw_coverage(sample: Sample, draws: int, rng: np.random.Generator) -> Values:
    rows = len(sample.recalled)
    return np.asarray(rng.binomial(rows, sample.covered / rows, draws) / rows, dtype=np.float64)


def _draw_alpha(sample: Sample, draws: int, rng: np.random.Generator) -> Values:
    """Draw points anew, and real ones too: the shells are real's quantiles, and as uncertain."""
    rows = len(sample.shell)
    own = sample_tables(np.bincount(sample.shell, minlength=STEPS + 1) / rows, rows, draws, rng)[:, :STEPS] / rows
    real = sample_tables(np.diff(ALPHAS, prepend=0.0), rows, draws, rng) / rows
    return closeness(own, ALPHAS - np.cumsum(real, axis=1))


def _draw_beta(sample: Sample, draws: int, rng: np.random.Generator) -> Values:
    rows = len(sample.recalled)
    return closeness(
        sample_tables(np.bincount(sample.recalled, minlength=STEPS + 1) / rows, rows, draws, rng)[:, :STEPS] / rows
    )


_MEASURES = {
    ALPHA: _Measure(Sample.alpha_precision, _draw_alpha),
    BETA: _Measure(Sample.beta_recall, _draw_beta),
    DENSITY: _Measure(Sample.density, _draw_density),
    COVERAGE: _Measure(Sample.coverage, _draw_coverage),
}
