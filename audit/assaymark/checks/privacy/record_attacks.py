"""Linkability and attribute inference: what the nearest synthetic rows tell of a person (Giomi et al., 2023, 4.2 and 4.3).

Linkability: an attacker holds two parts of a record, of different columns, and links them when both have a synthetic row among
their ten nearest in common. Inference: an attacker knows a record but for one column, and takes that of the nearest synthetic
row. Both are Anonymeter's attacks; they share one search. What differs from Anonymeter 1.1.0:

- equally near rows are taken in random order, drawn for each half and for inference by itself, not in the order of the file;
- the blind attack's success is its expected value; Anonymeter's blind inference compares with missing values only, since
  ``reindex_like`` drops its guesses, and its negative numbers always count as guessed;
- columns are scaled by their range over all three tables, not over the rows that happen to be attacked;
- the halves of linkability are not chosen by hand: ordered columns and then the others go to the two halves in turn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.checks.privacy.attacks import Attack, Tries, hindered, obstacle, risk_finding
from assaymark.checks.privacy.neighbours import Wanted, nearest_by
from assaymark.checks.privacy.rows import Rows, is_ordered, on_one_scale
from assaymark.checks.privacy.secret_values import secret_values
from assaymark.tables.schema import Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from assaymark.host.specs import CheckInput
    from assaymark.results.findings import Finding
    from assaymark.tables.schema import Column
    from assaymark.tables.table import Table

LINKABILITY = "privacy.linkability"
INFERENCE = "privacy.attribute_inference"
IDS = (LINKABILITY, INFERENCE)

NEIGHBOURS = 10
SEARCHED = 200_000  # synthetic rows; a sample of those of a larger table


def check(data: CheckInput) -> Iterator[Finding]:
    """Return a finding on linkability, and one on inference for each secret column; for the target where none is declared."""
    secrets = data.schema.with_role(Role.SECRET) or data.schema.with_role(Role.TARGET)
    reason = obstacle(data)
    if reason is None and len(data.schema.learnable) < 2:  # noqa: PLR2004 - something to know and something to learn
        reason = "too_few_columns"
    if reason is not None or data.holdout is None:
        yield hindered(LINKABILITY, data, reason or "no_holdout")
        yield from (hindered(INFERENCE, data, reason or "no_holdout", {"column": column.name}) for column in secrets)
        return
    known = [column for column in secrets if column in data.schema.learnable]
    synthetic, real, held = on_one_scale([data.synthetic, data.real, data.holdout], data.schema.learnable)
    base = _base(data, synthetic)
    sides = (
        _attack(data, base, real, data.real, known, "real"),
        _attack(data, base, held, data.holdout, known, "holdout"),
    )
    yield _linkability(base, *sides, data)
    for place, column in enumerate(known):
        yield _inference(column, place, sides, base, data)
    for column in secrets:
        if column not in known:
            yield hindered(INFERENCE, data, "free_text", {"column": column.name})


def halves(columns: Sequence[Column]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the columns that either part of a record has: ordered columns in turn, then the others."""
    names = [column.name for column in sorted(columns, key=lambda column: not is_ordered(column))]
    return tuple(names[::2]), tuple(names[1::2])


@dataclass(frozen=True, slots=True)
class _Side:
    """What was found of the attacked rows of one table.

    Attributes:
        table: The table.
        places: Which of its rows were attacked.
        linked: Whether the two halves of a row have a near row in common.
        nearest: The nearest synthetic row by all columns but one secret, for each secret.
    """

    table: Table
    places: NDArray[np.int64]
    linked: NDArray[np.bool_]
    nearest: tuple[NDArray[np.int64], ...]


@dataclass(frozen=True, slots=True)
class _Base:
    """The synthetic rows that are searched, in two random orders, so that ties fall differently in the two halves."""

    rows: Rows
    orders: tuple[NDArray[np.int64], NDArray[np.int64]]
    halves: tuple[tuple[str, ...], tuple[str, ...]]


def _base(data: CheckInput, synthetic: Rows) -> _Base:
    searched = data.run.rng("record attacks", "searched").permutation(synthetic.count)[:SEARCHED]
    other = data.run.rng("record attacks", "ties").permutation(searched)
    return _Base(synthetic, (searched, other), halves(data.schema.learnable))


def _attack(data: CheckInput, base: _Base, rows: Rows, table: Table, secrets: Sequence[Column], name: str) -> _Side:
    places = np.sort(data.run.rng("record attacks", name).permutation(table.rows)[: data.policy.attacks])
    attacked = rows.take(places)
    first, second = base.halves
    wanted = [Wanted(first, NEIGHBOURS)]
    wanted += [Wanted(tuple(column for column in rows.columns if column != secret.name), 1) for secret in secrets]
    ones, *nearest = nearest_by(attacked, base.rows.take(base.orders[0]), wanted, data.run)
    half = base.rows.select(second).take(base.orders[1])
    (others,) = nearest_by(attacked.select(second), half, [Wanted(second, NEIGHBOURS)], data.run)
    linked = linked_by(base.orders[0][ones.places], base.orders[1][others.places])
    return _Side(table, places, linked, tuple(base.orders[0][found.places[:, 0]] for found in nearest))


def linked_by(first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return in which rows of two arrays of shape (rows, k) something occurs in both."""
    return np.asarray((first[:, :, None] == second[:, None, :]).any(axis=(1, 2)))


def _linkability(base: _Base, real: _Side, holdout: _Side, data: CheckInput) -> Finding:
    searched = len(base.orders[0])
    chance = by_chance(searched, min(NEIGHBOURS, searched))
    attack = Attack(
        Tries(int(real.linked.sum()), len(real.linked)),
        Tries(int(holdout.linked.sum()), len(holdout.linked)),
        Tries(chance * len(real.linked), len(real.linked)),
        detail={
            "halves": [list(half) for half in base.halves],
            "neighbours": min(NEIGHBOURS, searched),
            "rows_used": {"synthetic": searched},
        },
    )
    return risk_finding(LINKABILITY, attack, data)


def by_chance(rows: int, k: int) -> float:
    """Return the probability that two random sets of ``k`` out of ``rows`` have an element in common."""
    apart = 1.0
    for taken in range(k):
        apart *= max(rows - k - taken, 0) / (rows - taken)
    return 1.0 - apart


def _inference(column: Column, place: int, sides: tuple[_Side, _Side], base: _Base, data: CheckInput) -> Finding:
    secret = secret_values([data.synthetic, sides[0].table, sides[1].table], column)
    real, held = (
        Tries(int(right.sum()), len(right))
        for right in (
            secret.guessed(secret.values[0][side.nearest[place]], theirs[side.places])
            for side, theirs in zip(sides, secret.values[1:], strict=True)
        )
    )
    blind = secret.guessed_blindly(secret.values[0][base.orders[0]], secret.values[1][sides[0].places])
    detail = {
        "known": "all other columns",
        "tolerance": secret.tolerance,
        "rows_used": {"synthetic": len(base.orders[0])},
        "declared": Role.SECRET in column.roles,
    }
    attack = Attack(real, held, Tries(float(blind.sum()), len(blind)), detail)
    return risk_finding(INFERENCE, attack, data, scope={"column": column.name}, judged=Role.SECRET in column.roles)
