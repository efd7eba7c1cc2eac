"""Small cells stay private, and cannot be worked out."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from assaymark.cubes.document import cubes_document, read_cubes
from assaymark.cubes.fine import FineCube
from assaymark.cubes.pooling import pool
from assaymark.cubes.publishing import publish, scopes_of
from assaymark.errors import ReleaseError


def test_large_groups_are_published_as_they_are(make_cube):
    table = pool(make_cube({"A": (10, 20), "B": (30, 40)}), [("sex",)], 10)[("sex",)]
    assert table.groups == (("A",), ("B",))
    assert table.counts.tolist() == [[10, 20], [30, 40]]
    assert table.pooled is None


@pytest.mark.parametrize("small", [(0, 50), (50, 9), (3, 1)])
def test_a_small_cell_pools_its_group_with_the_next_smallest(make_cube, small):
    table = pool(make_cube({"A": (100, 200), "B": (30, 40), "C": small, "D": (500, 500)}), [("sex",)], 10)[("sex",)]
    assert table.groups == (("A",), ("D",))
    assert table.pooled.tolist() == [30 + small[0], 40 + small[1]]
    assert ("B",) in table.pooled_groups
    assert (("C",) in table.pooled_groups) == (sum(small) >= 10)


def test_two_groups_one_small_publish_their_total_only(make_cube):
    table = pool(make_cube({"A": (100, 200), "B": (3, 4)}), [("sex",)], 10)[("sex",)]
    assert table.groups == ()
    assert table.pooled.tolist() == [103, 204]
    assert table.pooled_groups == (("A",),)


def test_nothing_is_published_when_the_total_is_small(make_cube):
    table = pool(make_cube({"A": (100, 5), "B": (30, 4)}), [("sex",)], 10)[("sex",)]
    assert table.withheld
    assert table.pooled is None


def test_a_cell_cannot_be_worked_out_from_margins(make_cube):
    """Adult by sex and race: Female & Other has six positives, which the margins would give away."""
    fine = make_cube(
        {
            ("Female", "Amer"): (107, 12), ("Female", "Asian"): (303, 43), ("Female", "Black"): (1465, 90),
            ("Female", "Other"): (103, 6), ("Female", "White"): (7614, 1028), ("Male", "Amer"): (168, 24),
            ("Male", "Asian"): (460, 233), ("Male", "Black"): (1272, 297), ("Male", "Other"): (143, 19),
            ("Male", "White"): (13085, 6089),
        },
        ("sex", "race"),
    )  # fmt: skip
    tables = pool(fine, scopes_of(("sex", "race")), 10)
    assert len(tables[("sex",)].groups) == 2
    assert len(tables[("race",)].groups) == 5
    assert set(tables[("sex", "race")].pooled_groups) == set(itertools.product(("Female", "Male"), ("Amer", "Other")))


@pytest.mark.parametrize("seed", range(25))
def test_no_pooled_count_is_pinned_by_all_that_is_published(seed):
    """Enumerate: two tables that agree on everything published must differ in each pooled small count."""
    from scipy.optimize import LinearConstraint, milp

    rng = np.random.default_rng(seed)
    labels = list(itertools.product("ab", "xyz"))
    counts = rng.choice([0, 3, 8, 15, 40], size=(len(labels), 2))
    counts[:, 0] += 5
    fine = FineCube(("p", "q"), tuple(labels), counts.astype(np.int64))
    scopes = scopes_of(("p", "q"))
    tables = pool(fine, scopes, 10)
    rows, values = [], []
    for scope, table in tables.items():
        assert not table.counts.size or table.counts.min() >= 10
        assert table.pooled is None or table.pooled.min() >= 10
        _, member = fine.project(scope)
        names = fine.project(scope)[0]
        sets = [[group] for group in table.groups] + (
            [[g for g in names if g not in table.groups]] if table.pooled is not None else []
        )
        published = [*table.counts.tolist(), *([table.pooled.tolist()] if table.pooled is not None else [])]
        for chosen, cells in zip(sets, published, strict=True):
            for cell in range(2):
                row = np.zeros(counts.shape)
                row[np.isin(member, [names.index(group) for group in chosen]), cell] = 1
                rows.append(row.ravel())
                values.append(cells[cell])
    rows.append(np.ones(counts.size))
    values.append(counts.sum())
    constraint = LinearConstraint(np.array(rows), values, values)
    for scope, table in tables.items():
        names, member = fine.project(scope)
        for g, group in enumerate(names):
            if group in table.groups:
                continue
            for cell in range(2):
                goal = np.zeros(counts.shape)
                goal[member == g, cell] = 1
                ends = [
                    sign * milp(sign * goal.ravel(), constraints=constraint, integrality=np.ones(counts.size)).fun
                    for sign in (1, -1)
                ]
                assert round(ends[1]) - round(ends[0]) >= 1, (scope, group, cell)


def test_cubes_survive_their_file(make_cube):
    real = make_cube({"A": (100, 200), "B": (30, 40), "C": (3, 1)})
    cubes = publish(real, make_cube({"A": (5, 0)}), real, target="t", positive="1", small_cell=10)
    again = read_cubes(cubes_document(cubes))
    assert cubes_document(again) == cubes_document(cubes)
    assert "C" not in str(cubes_document(cubes)["scopes"])


@pytest.mark.parametrize(
    "damage",
    [
        lambda d: d.pop("scopes"),
        lambda d: d.update(schema="other/1"),
        lambda d: d["scopes"][0]["real"]["groups"][0].update(counts=[1, -2]),
        lambda d: d["scopes"][0]["real"]["groups"][0].update(counts=[1, 2, 3]),
        lambda d: d["scopes"][0]["real"]["groups"][0].update(counts=[True, 2]),
        lambda d: d["scopes"][0]["real"]["groups"].reverse(),
        lambda d: d["scopes"][0].update(real=None),
    ],
)
def test_malformed_cubes_are_refused(make_cube, damage):
    real = make_cube({"A": (100, 200), "B": (30, 40)})
    document = cubes_document(publish(real, real, None, target="t", positive="1", small_cell=10))
    damage(document)
    with pytest.raises(ReleaseError):
        read_cubes(document)


def test_parts_add(make_cube):
    whole = make_cube({"A": (3, 4), "B": (5, 6)}) + make_cube({"B": (1, 1), "C": (2, 0)})
    assert {g[0]: c.tolist() for g, c in whole.table(("sex",)).items()} == {"A": [3, 4], "B": [6, 7], "C": [2, 0]}


def test_too_many_combinations_withhold_intersections():
    names = tuple((f"a{i:03d}", f"b{j:03d}") for i in range(60) for j in range(60))
    fine = FineCube(("p", "q"), names, np.full((len(names), 2), 20, dtype=np.int64))
    cubes = publish(fine, fine, None, target="t", positive="1", small_cell=10)
    assert [scope.protected for scope in cubes.scopes] == [("p",), ("q",)]
    assert dict(cubes.withheld) == {("p", "q"): "too_many_combinations"}
