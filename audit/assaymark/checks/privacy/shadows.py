"""An attack on the generator itself, for the rows most exposed: fit it with and without them, and learn the difference.

The attacker knows the kind of generator and has data like the real ones (Stadler et al., 2022; Houssiau et al., 2022, "TAPAS").
Rows are chosen by how alone they are (Meeus et al., 2023, "Achilles' heels"), as an average over all rows would hide them. One
shadow serves all chosen rows at once: each is in it or not, by a coin of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.checks.privacy.marginals import cells, hashed, occurrences
from assaymark.checks.privacy.proximity import closest, points
from assaymark.checks.statements import interval, not_estimable, number
from assaymark.execution import silent
from assaymark.results.findings import Finding
from assaymark.statistics.intervals import t_quantile, wilson
from assaymark.statistics.operating_point import true_positive_rate
from assaymark.statistics.outcomes import upper_outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from assaymark.host.specs import CheckInput, DeepAttack
    from assaymark.tables.table import Table

    Values = NDArray[np.float64]
    Bits = NDArray[np.bool_]

SHADOWS = "privacy.shadow_membership"
IDS = (SHADOWS,)

_RECORDS = 20
_FEWEST_ROWS = 200
_LARGEST_FIT = 50_000
_SEARCHED = 10_000  # rows among which the most isolated are looked for
_NEIGHBOURS = 5
_QUERIES = 128
_SMOOTHING = 0.5
_PENALTY = 0.05  # inverse weight of the ridge: there are more queries than shadows
_FALSE_RATE = 0.1  # a few hundred pairs do not tell more
_DECIMALS = 3
_DRAWS = 2_000


def check(data: CheckInput) -> Iterator[Finding]:
    """Return one finding where the generator may be fitted anew, none otherwise."""
    if data.deep is None:
        return
    if data.real.rows < _FEWEST_ROWS or not data.schema.learnable:
        yield not_estimable(SHADOWS, {}, "too_few_rows" if data.schema.learnable else "no_columns")
        return
    records = _most_isolated(data)
    trials = _fit_shadows(records, data, data.deep)
    yield _finding(trials, held_out_scores(trials), data)


@dataclass(frozen=True, slots=True)
class Trials:
    """What was seen of each record in each shadow.

    Attributes:
        inside: Whether the record was in the fit, shape (shadows, records).
        seen: Log of the number of synthetic rows that agree with it in the columns of each query, shape (shadows, records,
            queries).
    """

    inside: Bits
    seen: Values


def _most_isolated(data: CheckInput) -> NDArray[np.int64]:
    """Return the places in real of the rows whose closest neighbours are farthest."""
    rows = data.real.rows
    searched = data.run.rng("shadow-records").permutation(rows)[:_SEARCHED]
    (everyone,) = points([data.real], [], data.schema.learnable, data.run)
    distances = closest(everyone.take(searched), everyone, _NEIGHBOURS + 1, data.run)[:, 1:]  # the closest is the row itself
    return np.sort(searched[np.argsort(-distances.mean(axis=1), kind="stable")[:_RECORDS]])


def _fit_shadows(records: NDArray[np.int64], data: CheckInput, deep: DeepAttack) -> Trials:
    run, real = data.run, data.real
    rng = run.rng("shadow-members")
    inside = rng.random((deep.shadows, len(records))) < 0.5  # noqa: PLR2004 - a fair coin
    others = np.setdiff1d(np.arange(real.rows), records)
    queries = _queries(len(data.schema.learnable), rng)
    seen = np.empty((deep.shadows, len(records), len(queries)))
    for shadow in range(deep.shadows):
        run.check()
        run.progress(shadow, deep.shadows, "shadow models")
        size = min(len(others) // 2, _LARGEST_FIT)
        chosen = np.sort(np.concatenate([rng.choice(others, size, replace=False), records[inside[shadow]]]))
        own = replace(run, seed=run.entropy("shadow", shadow), progress=silent)
        synthetic = deep.refit(real.take(chosen), len(chosen), own)
        seen[shadow] = _answers(real, records, synthetic, queries)
    run.progress(deep.shadows, deep.shadows, "shadow models")
    return Trials(inside, seen)


def _queries(columns: int, rng: np.random.Generator) -> list[NDArray[np.int64]]:
    """Return sets of columns at random, of all sizes, all columns among them."""
    sizes = rng.integers(1, columns, size=_QUERIES - 1, endpoint=True)
    return [np.arange(columns), *(rng.choice(columns, size, replace=False) for size in sizes)]


def _answers(real: Table, records: NDArray[np.int64], synthetic: Table, queries: list[NDArray[np.int64]]) -> Values:
    in_real, in_synthetic = cells([real], [synthetic], real.schema.learnable)
    answers = np.empty((len(records), len(queries)))
    for place, query in enumerate(queries):
        wanted = hashed([in_real[column][records] for column in query])
        answers[:, place] = occurrences(wanted, np.sort(hashed([in_synthetic[column] for column in query])))
    return np.log(answers + _SMOOTHING)


def held_out_scores(trials: Trials) -> Values:
    """Return the attack's score of each record in each shadow, learned from the other shadows, shape (shadows, records).

    One logistic regression for all records, on answers that are centred and scaled for each record; without an intercept, which
    would only tell how many records the other shadows hold, and so of this one the opposite.
    """
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    shadows, records, queries = trials.seen.shape
    scores = np.empty((shadows, records))
    learner: Any = LogisticRegression
    for shadow in range(shadows):
        rest = np.arange(shadows) != shadow
        known = trials.seen[rest]
        deviation = known.std(axis=0)
        scaled = (trials.seen - known.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0)
        labels = trials.inside[rest].ravel()
        if labels.all() or not labels.any():
            scores[shadow] = 0.0
            continue
        with threadpool_limits(limits=1):
            model = learner(C=_PENALTY, max_iter=1000, fit_intercept=False).fit(scaled[rest].reshape(-1, queries), labels)
            scores[shadow] = model.decision_function(scaled[shadow])
    return scores


@dataclass(frozen=True, slots=True)
class Area:
    """Mean area under the curves of the records.

    Attributes:
        auc: Estimate, in [0, 1].
        low: Low end of its interval.
        high: High end.
        records: Records that were both in and out, which alone have a curve.
    """

    auc: float
    low: float
    high: float
    records: int


def mean_area(inside: Bits, scores: Values, level: float, rng: np.random.Generator) -> Area:
    """Return the mean over records of the area under the curve of each over the shadows.

    Records share shadows, and shadows share records, so the variance is the sum of two: between records, and between samples
    of the shadows drawn with replacement. The interval is never narrower than for as many independent pairs (Wilson), so that a
    perfect attack has one, too.
    """
    valid = inside.any(axis=0) & ~inside.all(axis=0)
    inside, scores = inside[:, valid], scores[:, valid]
    shadows, records = inside.shape
    pairs = (inside[:, None] & ~inside[None]).astype(np.float64)  # of a shadow with the record and one without it
    won = pairs * ((scores[:, None] > scores[None]) + 0.5 * (scores[:, None] == scores[None]))
    areas = won.sum(axis=(0, 1)) / pairs.sum(axis=(0, 1))
    auc = float(areas.mean())
    weights = rng.multinomial(shadows, np.full(shadows, 1.0 / shadows), _DRAWS).astype(np.float64)
    drawn_won, drawn = (np.einsum("bi,ijr,bj->br", weights, part, weights, optimize=True) for part in (won, pairs))
    known = drawn > 0
    by_shadows = np.where(known, drawn_won / np.where(known, drawn, 1.0), 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    error = float(np.sqrt(areas.var(ddof=1) / records + by_shadows.var()))
    half = t_quantile(level, None) * error
    trials = records * shadows / 2
    low, high = (float(end) for end in wilson(auc * trials, trials, level))
    return Area(auc, max(min(auc - half, low), 0.0), min(max(auc + half, high), 1.0), records)


def _finding(trials: Trials, scores: Values, data: CheckInput) -> Finding:
    level, inside, shadows = data.policy.level, trials.inside, len(trials.inside)
    area = mean_area(inside, scores, level, data.run.rng("shadow-interval"))
    auc, records, ends = area.auc, area.records, (area.low - 0.5, area.high - 0.5)
    # of the rank sums of half the shadows against the other half, if nothing can be learned
    null = t_quantile(level, None) * float(np.sqrt((shadows + 1) / (3.0 * shadows**2 * records)))
    margin = max(data.policy.margin(SHADOWS), null)
    point = true_positive_rate(scores[inside], scores[~inside], _FALSE_RATE, level)
    return Finding(
        SHADOWS,
        {},
        upper_outcome(ends, margin),
        real=0.5,
        synthetic=round(auc, _DECIMALS),
        value=number(round(auc - 0.5, _DECIMALS)),
        ci=interval((round(ends[0], _DECIMALS), round(ends[1], _DECIMALS))),
        null=null,
        margin=margin,
        detail={
            "interval": "normal, over records and shadows; at least Wilson's",
            "shadows": shadows,
            "records": records,
            "rows_of_a_fit": min((data.real.rows - _RECORDS) // 2, _LARGEST_FIT),
            "tpr": {
                "false_positive_rate": _FALSE_RATE,
                "rate": round(point.rate, _DECIMALS),
                "ci": [round(point.low, _DECIMALS), round(point.high, _DECIMALS)],
            },
            "real_is": "what guessing at random reaches",
        },
    )
