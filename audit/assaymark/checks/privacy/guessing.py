"""How an attacker makes predicates that might single somebody out, knowing only the synthetic rows (Giomi et al., 2023, 4.1).

The recipes are those of Anonymeter 1.1. What differs: predicates of one column are drawn from the columns in turn, so that a
column of many rare values does not crowd out the others; datetimes are compared as numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.checks.privacy.predicates import Population, Predicates, Relation, matches

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.execution import Run

WIDTH = 3  # columns of a predicate, Anonymeter's default
_BATCH = 4096
_ATTEMPTS = 500_000  # Anonymeter's own limit is ten million
_IDLE = 10  # batches that bring nothing new, after which there is hardly anything left to find

_ORDERED_RELATIONS = np.array(
    [Relation.EQUAL, Relation.UNEQUAL, Relation.ABOVE, Relation.BELOW, Relation.AT_LEAST, Relation.AT_MOST]
)
_NOMINAL_RELATIONS = np.array([Relation.EQUAL, Relation.UNEQUAL])


def of_one_column(synthetic: Population, wanted: int, rng: np.random.Generator) -> Predicates:
    """Return predicates that are true of one synthetic row: its value is rare, the least, the largest, or alone in missing.

    At most ``wanted`` are returned, from all columns in turn, each column's in random order; fewer where there are no more.
    """
    parts, turns = [], []
    for place in range(len(synthetic.columns)):
        found = _rare(synthetic, place)
        found = found.take(np.flatnonzero(matches(found, synthetic, enough=2) == 1))
        parts.append(found)
        turns.append(rng.permutation(len(found)))
    turn = np.concatenate(turns)
    order = np.lexsort((rng.random(len(turn)), turn))
    return Predicates.concat(parts).take(order[:wanted])


def _rare(synthetic: Population, place: int) -> Predicates:
    missing = synthetic.missing(place)
    present = synthetic.columns[place][~missing]
    found: list[tuple[Relation, float]] = [(Relation.MISSING, 0.0)]
    if synthetic.ordered[place] and len(present):
        found += [(Relation.AT_MOST, float(present.min())), (Relation.AT_LEAST, float(present.max()))]
    values, counts = np.unique(present, return_counts=True)
    found += [(Relation.EQUAL, float(value)) for value in values[counts == 1]]
    relations, compared = (np.array(part)[:, None] for part in zip(*found, strict=True))
    return Predicates(np.full(relations.shape, place), relations.astype(np.int64), compared.astype(np.float64))


def of_several_columns(synthetic: Population, wanted: int, run: Run, rng: np.random.Generator) -> Predicates:
    """Return different predicates that are true of one synthetic row, made from the values of random rows.

    A predicate asks for the row's own label, or for a number at least as far from the median as the row's. At most ``wanted``
    are returned; fewer where half a million attempts, or the last forty thousand, do not give more.
    """
    width = min(WIDTH, len(synthetic.columns))
    medians = _medians(synthetic)
    seen: set[bytes] = set()
    kept: list[Predicates] = []
    idle = 0
    for _ in range(0, _ATTEMPTS, _BATCH):
        run.check()
        run.progress(len(seen), wanted, "making predicates")
        made = _from_rows(synthetic, medians, _BATCH, width, rng)
        made = made.take(np.flatnonzero(matches(made, synthetic, enough=2) == 1))
        new = [place for place, key in enumerate(made.keys()) if not (key in seen or seen.add(key))]  # type: ignore[func-returns-value]
        kept.append(made.take(np.array(new, dtype=np.int64)))
        idle = 0 if new else idle + 1
        if len(seen) >= wanted or idle == _IDLE:
            break
    return Predicates.concat(kept).take(np.arange(min(wanted, len(seen))))


def _medians(synthetic: Population) -> NDArray[np.float64]:
    medians = np.zeros(len(synthetic.columns))
    for place, column in enumerate(synthetic.columns):
        present = column[~synthetic.missing(place)]
        if synthetic.ordered[place] and len(present):
            medians[place] = np.median(present)
    return medians


def _columns(population: Population, count: int, width: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return ``count`` random sets of ``width`` columns, ascending."""
    drawn = rng.random((count, len(population.columns)))
    return np.sort(np.argpartition(drawn, width - 1, axis=1)[:, :width], axis=1)


def _from_rows(
    synthetic: Population, medians: NDArray[np.float64], count: int, width: int, rng: np.random.Generator
) -> Predicates:
    columns = _columns(synthetic, count, width, rng)
    rows = rng.integers(0, synthetic.rows, count)
    relations = np.full(columns.shape, int(Relation.EQUAL))
    values = np.zeros(columns.shape)
    for place, column in enumerate(synthetic.columns):
        which, slot = np.nonzero(columns == place)
        own = column[rows[which]].astype(np.float64)
        missing = synthetic.missing(place)[rows[which]]
        if synthetic.ordered[place]:
            relations[which, slot] = np.where(own > medians[place], Relation.AT_LEAST, Relation.AT_MOST)
        relations[which[missing], slot[missing]] = int(Relation.MISSING)
        values[which, slot] = np.where(missing, 0.0, own)
    return Predicates(columns, relations, values)


def at_random(synthetic: Population, count: int, width: int, rng: np.random.Generator) -> Predicates:
    """Return predicates that compare random columns in random ways with random values that they have: the blind attack."""
    columns = _columns(synthetic, count, min(width, len(synthetic.columns)), rng)
    relations = np.empty(columns.shape, dtype=np.int64)
    values = np.zeros(columns.shape)
    for place, column in enumerate(synthetic.columns):
        which, slot = np.nonzero(columns == place)
        missing = synthetic.missing(place)
        known = np.unique(column[~missing]).astype(np.float64)
        options = np.concatenate([known, [np.nan]]) if missing.any() else known
        drawn = rng.choice(options, len(which))
        absent = np.isnan(drawn)
        chosen = rng.choice(_ORDERED_RELATIONS if synthetic.ordered[place] else _NOMINAL_RELATIONS, len(which))
        of_missing = np.where(chosen == Relation.EQUAL, Relation.MISSING, Relation.PRESENT)
        relations[which, slot] = np.where(absent, of_missing, chosen)
        values[which, slot] = np.where(absent, 0.0, drawn)
    return Predicates(columns, relations, values)
