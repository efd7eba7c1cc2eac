"""Two attacks that guess, from the synthetic rows alone, whether a known person's row was among the real ones.

Both need a sample of the population besides (van Breugel et al., 2023, "DOMIAS"): what is dense in the synthetic rows only
because it is common says nothing, so each score is a ratio of densities, synthetic to population.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.checks.privacy.candidates import Candidates, Half, Scores, by_halves, narrowed
from assaymark.checks.privacy.marginals import cells, hashed, occurrences
from assaymark.checks.privacy.proximity import Points, closest, points

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.execution import Run
    from assaymark.tables.schema import Column
    from assaymark.tables.table import Table

    Values = NDArray[np.float64]

NEAREST, DENSITY = "nearest_neighbour", "density_ratio"

_OFFSET = 0.001  # about the smallest step between ranks; a copy of a lone row outweighs that of a common one
_NEIGHBOURS = 5  # whose mean distance says how alone a row is (Meeus et al., 2023)
_SUBSETS = 64
_SMOOTHING = 0.1  # rows that every cell of a marginal holds besides the counted ones


@dataclass(frozen=True, slots=True)
class Attacked:
    """What the attacks come to.

    Attributes:
        scores: By name of the attack, higher means member.
        isolation: Mean distance of each candidate to its closest neighbours in the population, which no attack score enters.
    """

    scores: dict[str, Scores]
    isolation: Scores


def attack(real: Table, holdout: Table, synthetic: Table, candidates: Candidates, run: Run) -> Attacked:
    """Run both attacks on all candidates."""
    places, used = narrowed(candidates)
    real, holdout = real.take(candidates.members), holdout.take(used)
    synthetic, candidates = synthetic.take(candidates.synthetic), places
    columns = real.schema.learnable
    nearest, isolation = _nearest(real, holdout, synthetic, columns, candidates, run)
    density = _density(real, holdout, synthetic, columns, candidates, run)
    return Attacked({DENSITY: density, NEAREST: nearest}, isolation)


def _nearest(
    real: Table, holdout: Table, synthetic: Table, columns: tuple[Column, ...], candidates: Candidates, run: Run
) -> tuple[Scores, Scores]:
    """Score by how much closer the closest synthetic row is than the closest row of the population, and tell isolation.

    That ratio of distances is one of nearest neighbour estimates of densities (Loftsgaarden & Quesenberry, 1965).
    """
    in_real, in_holdout, in_synthetic = points([real, holdout], [synthetic], columns, run)
    isolated: list[Values] = []

    def score(half: Half) -> tuple[Values, Values]:
        accused = Points.concat([in_real.take(half.members), in_holdout.take(half.others)])
        population = closest(accused, in_holdout.take(half.reference), _NEIGHBOURS, run)
        isolated.append(population[:, : len(half.reference)].mean(axis=1))
        found = closest(accused, in_synthetic, 1, run)[:, 0]
        ratio = np.log((population[:, 0] + _OFFSET) / (found + _OFFSET))
        return ratio[: len(half.members)], ratio[len(half.members) :]

    scores = by_halves(candidates, score)
    sizes = [len(half.members) for half in candidates.halves]
    parts = [(own[:size], own[size:]) for own, size in zip(isolated, sizes, strict=True)]
    return scores, Scores(np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts]))


def _density(
    real: Table, holdout: Table, synthetic: Table, columns: tuple[Column, ...], candidates: Candidates, run: Run
) -> Scores:
    """Score by the ratio of densities, the geometric mean over random marginals of it.

    The density of a marginal is the count of the rows that agree in its columns (numbers cut into cells), as in the queries of
    Houssiau et al. (2022, "TAPAS"). A copy is found although some of its columns were changed, by the marginals without them.
    """
    coded = cells([real, holdout], [synthetic], columns)
    rng = run.rng("membership-marginals")
    half = candidates.halves
    total = [np.zeros(len(h.members) + len(h.others)) for h in half]
    for done in range(_SUBSETS):
        run.check()
        run.progress(done, _SUBSETS, "membership inference")
        size = int(rng.integers(max(len(columns) // 3, 1), len(columns), endpoint=True))
        chosen = rng.choice(len(columns), size, replace=False)
        in_real, in_holdout, in_synthetic = ([own[c] for c in chosen] for own in coded)
        held, shown = hashed(in_holdout), np.sort(hashed(in_synthetic))
        owned = hashed([own[candidates.members] for own in in_real])
        owned_by_half = np.split(owned, [len(half[0].members)])
        for place, h in enumerate(half):
            accused = np.concatenate([owned_by_half[place], held[h.others]])
            population = np.sort(held[h.reference])
            share = occurrences(accused, shown) * (len(population) / len(shown))
            total[place] += np.log((share + _SMOOTHING) / (occurrences(accused, population) + _SMOOTHING))
    parts = [(own[: len(h.members)], own[len(h.members) :]) for own, h in zip(total, half, strict=True)]
    return Scores(*(np.concatenate([part[side] for part in parts]) / _SUBSETS for side in (0, 1)))
