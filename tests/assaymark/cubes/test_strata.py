"""Tables within strata: they cost the other tables nothing, and no small cell follows from all of them together."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.optimize import LinearConstraint, milp

from assaymark.cubes.document import cubes_document, read_cubes
from assaymark.cubes.fine import FineCube
from assaymark.cubes.pooling import pool, pool_with_strata
from assaymark.cubes.publishing import publish, scopes_of, strata_scopes
from assaymark.errors import ReleaseError

ATTRIBUTES = ("p", "q")


def product_cube(seed):
    """Draw a cube over two attributes and two stratum columns, with many small cells."""
    rng = np.random.default_rng(seed)
    labels = list(itertools.product("ab", "xy", "123", "45"))
    counts = rng.choice([0, 1, 2, 4, 20, 30], size=(len(labels), 2), p=[0.15, 0.1, 0.1, 0.15, 0.3, 0.2])
    return FineCube((*ATTRIBUTES, "s", "t"), tuple(labels), counts.astype(np.int64))


def margin(cube, names):
    table = cube.table(names)
    return FineCube(tuple(names), tuple(table), np.array(list(table.values())))


@pytest.mark.parametrize("seed", range(12))
def test_no_small_cell_is_pinned_by_all_tables_together(seed):
    """The attacker of this test knows all tables at once, over the product of attributes and both stratum columns."""
    whole = product_cube(seed)
    base = margin(whole, ATTRIBUTES)
    strata = {name: margin(whole, (*ATTRIBUTES, name)) for name in ("s", "t")}
    plain, within = pool_with_strata(base, scopes_of(ATTRIBUTES), strata, 10)
    tables = plain | within
    rows, values = [np.ones(whole.counts.size)], [whole.counts.sum()]
    for scope, table in tables.items():
        names, member = whole.project(scope)
        published = list(zip([[group] for group in table.groups], table.counts, strict=True))
        if table.pooled is not None:
            published.append(([group for group in names if group not in table.groups], table.pooled))
        for (chosen, counts), cell in itertools.product(published, range(2)):
            assert counts[cell] >= 10
            row = np.zeros(whole.counts.shape)
            row[np.isin(member, [names.index(group) for group in chosen]), cell] = 1
            rows.append(row.ravel())
            values.append(counts[cell])
    constraint = LinearConstraint(np.array(rows), values, values)
    for scope, table in tables.items():
        names, member = whole.project(scope)
        for group, cell in itertools.product(range(len(names)), range(2)):
            small = whole.counts[member == group, cell].sum() < 10
            if names[group] in table.groups or not (small or scope in plain):
                continue
            goal = np.zeros(whole.counts.shape)
            goal[member == group, cell] = 1
            ends = [
                sign * milp(sign * goal.ravel(), constraints=constraint, integrality=np.ones(whole.counts.size)).fun
                for sign in (1, -1)
            ]
            assert round(ends[1]) - round(ends[0]) >= 1, (scope, names[group], cell)


@pytest.mark.parametrize("seed", range(6))
def test_strata_never_cost_the_other_tables_anything(seed):
    whole = product_cube(seed)
    base = margin(whole, ATTRIBUTES)
    plain = pool(base, scopes_of(ATTRIBUTES), 10)
    shown, _ = pool_with_strata(base, scopes_of(ATTRIBUTES), {"s": margin(whole, (*ATTRIBUTES, "s"))}, 10)
    for scope, table in plain.items():
        assert shown[scope].groups == table.groups
        assert shown[scope].counts.tolist() == table.counts.tolist()


def test_the_other_group_of_a_stratum_is_hidden_with_a_small_one(make_cube):
    counts = {("F", "1"): (100, 100), ("F", "2"): (90, 4), ("F", "3"): (80, 50), ("F", "4"): (70, 3)}
    counts |= {("M", s): (150, 120) for s in "1234"}
    cube = make_cube(counts, ("sex", "s"))
    _, within = pool_with_strata(margin(cube, ("sex",)), [("sex",)], {"s": cube}, 10)
    assert within["s",].counts.tolist() == cube.counts.reshape(2, 4, 2).sum(axis=0).tolist()
    assert within["sex", "s"].groups == (("F", "1"), ("F", "3"), ("M", "1"), ("M", "3"))


def strata_document(make_cube):
    real = make_cube({("A", "1"): (100, 200), ("A", "2"): (50, 40), ("B", "1"): (30, 40), ("B", "2"): (60, 3)}, ("sex", "s"))
    base = margin(real, ("sex",))
    cubes = publish(base, base, None, target="t", positive="1", small_cell=10, strata={"s": (real, real)})
    return cubes, cubes_document(cubes)


def test_strata_survive_their_file(make_cube):
    cubes, document = strata_document(make_cube)
    assert [scope.protected for scope in (cubes.strata[0].total, *cubes.strata[0].inner)] == list(strata_scopes(("sex",), "s"))
    assert cubes_document(read_cubes(document)) == document
    assert document["strata"][0]["total"]["real"]["groups"] == [
        {"group": ["1"], "counts": [130, 240]},
        {"group": ["2"], "counts": [110, 43]},
    ]


@pytest.mark.parametrize(
    "damage",
    [
        lambda d: d.pop("strata"),
        lambda d: d["strata"][0]["total"].update(protected=["other"]),
        lambda d: d["strata"][0]["inner"][0].update(protected=["sex", "other"]),
        lambda d: d["strata"][0]["total"]["real"]["groups"][0].update(counts=[-1, 2]),
        lambda d: d.update(strata_withheld=[{"column": 3, "reason": "x"}]),
    ],
)
def test_malformed_strata_are_refused(make_cube, damage):
    _, document = strata_document(make_cube)
    damage(document)
    with pytest.raises(ReleaseError):
        read_cubes(document)


def test_strata_too_many_to_check_are_withheld_and_the_rest_is_not():
    def cube_of(column, strata):
        names = tuple((g, f"s{i:04d}") for g in "ab" for i in range(strata))
        return FineCube(("sex", column), names, np.full((len(names), 2), 4000 // strata, dtype=np.int64))

    few, many = cube_of("few", 5), cube_of("many", 1000)
    base = margin(few, ("sex",))
    cubes = publish(base, base, None, target="t", positive="1", small_cell=10, strata={"many": (many, many), "few": (few, few)})
    assert [strata.column for strata in cubes.strata] == ["few"]
    assert dict(cubes.strata_withheld) == {"many": "too_many_combinations"}
