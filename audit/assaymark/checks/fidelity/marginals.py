"""Three columns at a time: total variation distance of three-way tables, numbers cut at the quintiles of real.

After the k-marginal score of NIST's synthetic data challenges (SDNist): 1 - the mean distance over all triples,
or over a declared random sample of them.
"""

from __future__ import annotations

from itertools import combinations
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from assaymark.checks.fidelity.averaging import Averaged, spaced
from assaymark.checks.fidelity.distances import total_variation_distance
from assaymark.checks.fidelity.tallies import tally
from assaymark.checks.fidelity.telling import Told
from assaymark.checks.statements import not_estimable
from assaymark.results.findings import Finding, Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.checks.fidelity.levels import Coded
    from assaymark.host.specs import CheckInput

    Codes = NDArray[np.integer]

MARGINALS = "fidelity.marginals"
IDS = (MARGINALS,)

_COLUMNS = 3
_TRIPLES = 500  # of wider tables a random sample
_LISTED = 10
_SPACE = 2**31  # combinations of two columns up to which their product with a third is exact
_FEWEST = 3


def marginals(coded: Sequence[Coded], data: CheckInput) -> Finding:
    """Return the finding of all triples, or of a sample of them."""
    rows = [len(own) for own in coded[0].codes] if coded else []
    n = {"real": data.real.rows, "synthetic": data.synthetic.rows}
    if len(coded) < _FEWEST:
        return not_estimable(MARGINALS, {}, "too_few_columns", n=n)
    triples = chosen(len(coded), data.run.rng("marginals"))
    cut = [one.coarse(one.quintiles) for one in coded]
    means = [Averaged((rows[0], other)) for other in rows[1:]]
    for place, (i, group) in enumerate(_by_pair(triples)):
        if not place % 16:
            data.run.check()
            data.run.progress(place, len(triples), "triples of columns")
        _measure(cut, i, group, means)
    return _finding(triples, [one.column.name for one in coded], means, n, data)


def chosen(columns: int, rng: np.random.Generator) -> list[tuple[int, ...]]:
    """Return all triples of columns, or so many of them at random, in order."""
    count = comb(columns, _COLUMNS)
    if count <= _TRIPLES:
        return list(combinations(range(columns), _COLUMNS))
    found: set[tuple[int, ...]] = set()
    while len(found) < _TRIPLES:
        found.add(tuple(sorted(int(place) for place in rng.choice(columns, _COLUMNS, replace=False))))
    return sorted(found)


def _by_pair(triples: Sequence[tuple[int, ...]]) -> list[tuple[tuple[int, int], list[int]]]:
    """Return triples by their first two columns, whose product is worked out once."""
    groups: dict[tuple[int, int], list[int]] = {}
    for i, j, k in triples:
        groups.setdefault((i, j), []).append(k)
    return list(groups.items())


def _measure(
    cut: Sequence[tuple[Sequence[Codes], int]], pair: tuple[int, int], thirds: Sequence[int], means: Sequence[Averaged]
) -> None:
    (first, rows), (second, columns) = (cut[place] for place in pair)
    width = rows * columns
    both = [a.astype(np.int64) * columns + b for a, b in zip(first, second, strict=True)]
    if width > _SPACE:
        used, joint = np.unique(np.concatenate(both), return_inverse=True)
        both, width = np.split(joint, np.cumsum([len(own) for own in both])[:-1]), len(used)
    for third in thirds:
        other, levels = cut[third]
        found = tally(both, width, other, levels)
        for table, mean in enumerate(means, 1):
            distance, signs = total_variation_distance(found.counts[0], found.counts[table])
            moved = []
            for t in (0, table):
                some = spaced(len(both[t]))
                moved.append(signs[found.find(both[t][some] * levels + other[t][some])] / 2.0)
            mean.add(distance, moved[0], -moved[1])


def _finding(
    triples: Sequence[tuple[int, ...]], names: Sequence[str], means: Sequence[Averaged], n: dict[str, int], data: CheckInput
) -> Finding:
    told, each = Told.of_holdout(data, len(triples)), Told.of(data)
    theirs = Told.of_holdout(data)
    if not each.usable:
        return not_estimable(MARGINALS, {}, "too_few_rows", n=n)
    level, ordered = data.policy.level, [(pair, k) for pair, thirds in _by_pair(triples) for k in thirds]
    score, holdout = 1.0 - means[0].value, means[1] if len(means) > 1 else None
    floor = None if holdout is None else 1.0 - holdout.value
    low, high = means[0].interval(level)
    excess = None if holdout is None else means[0].excess(holdout, level)
    values = [distance.value for distance in means[0].distances]
    worst = sorted(range(len(values)), key=lambda place: (-values[place], place))[:_LISTED]
    listed = []
    for place in worst:
        (i, j), k = ordered[place]
        fresh = None if holdout is None or not theirs.usable else theirs.number(holdout.distances[place].value)
        listed.append({"columns": [names[i], names[j], names[k]], "distance": each.number(values[place]), "holdout": fresh})
    return Finding(
        MARGINALS,
        {},
        Outcome.SHOWN,
        real=told.score(floor),
        synthetic=told.score(score),
        value=None if floor is None else told.difference(score, floor),
        ci=None if excess is None or floor is None else told.around_difference(score, floor, (-excess[1], -excess[0])),
        null=None if holdout is None else told.null(holdout.sampling(level)),
        n=n,
        detail={
            "columns_at_a_time": _COLUMNS,
            "triples": len(triples),
            "of": comb(len(names), _COLUMNS),
            "rounded_to": told.step,
            "score_interval": told.around_score(score, (1.0 - high, 1.0 - low)),
            "most_distant": listed,
            "real_is": None if holdout is None else "score of the holdout",
            "null_is": None if holdout is None else "how far the scores of two such holdouts lie apart, by sampling alone",
        },
    )
