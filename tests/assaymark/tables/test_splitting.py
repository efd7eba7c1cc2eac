"""Splitting off a holdout."""

from __future__ import annotations

import numpy as np
import pytest

from assaymark.errors import TooFewRowsError
from assaymark.tables.schema import Column, Kind, Schema
from assaymark.tables.splitting import split_holdout
from assaymark.tables.table import Table


def numbered(rows):
    return Table.from_columns({"n": np.arange(rows)}, Schema((Column("n", Kind.INTEGER),)))


@pytest.mark.parametrize("rows", [2, 3, 10, 1001])
def test_parts_are_disjoint_complete_and_in_order(rows):
    train, holdout = split_holdout(numbered(rows), 0.2, np.random.default_rng(0))
    parts = [part.numbers("n") for part in (train, holdout)]
    assert sorted(np.concatenate(parts)) == list(range(rows))
    assert all((np.diff(part) > 0).all() for part in parts)
    assert holdout.rows == min(max(round(rows * 0.2), 1), rows - 1)


def test_seed_decides():
    first, second, third = (split_holdout(numbered(100), 0.2, np.random.default_rng(seed))[1].arrow for seed in (1, 1, 2))
    assert first.equals(second)
    assert not first.equals(third)


def test_is_simple_random():
    # stratified or systematic draws would give the count in the first half less spread than hypergeometric
    counts = [
        int((split_holdout(numbered(100), 0.2, np.random.default_rng(seed))[1].numbers("n") < 50).sum()) for seed in range(400)
    ]
    assert abs(np.mean(counts) - 10) < 0.4
    assert 3.0 < np.var(counts) < 5.3  # hypergeometric: 4.04


def test_one_row():
    with pytest.raises(TooFewRowsError) as caught:
        split_holdout(numbered(1), 0.2, np.random.default_rng(0))
    assert caught.value.code == "AM217"
    assert caught.value.found == "1 row"


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0])
def test_share(share):
    with pytest.raises(ValueError, match="share"):
        split_holdout(numbered(10), share, np.random.default_rng(0))
