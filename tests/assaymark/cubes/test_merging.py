"""Rare classes are merged, as little as publishes most."""

from __future__ import annotations

import numpy as np
import pytest

from assaymark.cubes.merging import partition


def groups_of(counts, small=10):
    """Return how many groups have no small cell, from a way to merge."""

    def groups(way):
        merged = np.zeros((len(counts), max(way.width, int(way.cell.max()) + 1)), dtype=int)
        np.add.at(merged.T, way.cell, np.array(counts).T)
        return int((merged[:, : way.width] >= small).all(axis=1).sum())

    return groups


def merge(counts, positive=0, *, ordered=False):
    rows = np.array([*np.sum(counts, axis=0)[:-1], np.sum(counts, axis=0)[-1]])
    return partition(rows, positive, ordered=ordered, groups=groups_of(counts))


def test_nothing_is_merged_without_need():
    way = merge([[20, 30, 40, 0], [50, 60, 70, 0]])
    assert way.runs == ((0,), (1,), (2,))
    assert not way.other


def test_the_rarest_classes_become_other():
    way = merge([[90, 80, 6, 7, 0], [90, 80, 5, 9, 0]])
    assert way.runs == ((0,), (1,))
    assert way.other
    assert way.cell.tolist() == [0, 1, 2, 2, 2]


def test_one_rare_class_is_never_other_alone():
    """Another class has to join: the outcome's table would give the rare one away, and so would its being all of the rest."""
    assert merge([[90, 80, 3, 0], [90, 80, 4, 0]]) is None
    way = merge([[90, 80, 70, 3, 0], [90, 80, 60, 4, 0]])
    assert way.runs == ((0,), (1,))


def test_the_positive_class_stays_alone_however_rare():
    way = merge([[12, 80, 70, 6, 5, 0], [13, 80, 60, 8, 9, 0]])
    assert (0,) in way.runs
    assert way.other


def test_many_groups_outweigh_many_classes():
    rich = [[90, 80, 70, 12, 12, 0]] * 2
    poor = [[90, 80, 70, 6, 6, 0]] * 3
    way = merge([*rich, *poor])
    assert way.runs == ((0,), (1,), (2,))
    assert way.other


def test_rare_levels_join_their_rarer_neighbour():
    way = merge([[40, 30, 4, 20, 50, 0], [40, 30, 5, 20, 50, 0]], positive=4, ordered=True)
    assert way.runs == ((0,), (1,), (2, 3), (4,))
    assert not way.other


def test_a_positive_level_merges_with_no_neighbour():
    assert merge([[4, 90, 90, 0], [4, 90, 90, 0]], positive=1, ordered=True) is None


@pytest.mark.parametrize("ordered", [False, True])
def test_nothing_is_published_where_all_classes_are_rare(ordered):
    assert merge([[3, 4, 2, 1, 0], [2, 3, 4, 1, 0]], ordered=ordered) is None


def test_a_way_fits_what_fills_its_cells():
    way = merge([[90, 80, 6, 7, 0], [90, 80, 5, 9, 0]])
    assert way.fits(np.array([0, 1, 3, 4]))
    assert not way.fits(np.array([0, 1]))
    plain = merge([[20, 30, 40, 0], [50, 60, 70, 0]])
    assert not plain.fits(np.array([0, 1, 2, 3]))
