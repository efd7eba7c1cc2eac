"""Tables by class: no count of fewer than ten real rows is in them, nor follows from all that is published together."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assaymark.cubes.class_counting import ClassCubes, count_class_cubes
from assaymark.cubes.class_pooling import _Disclosure, _Private
from assaymark.cubes.class_publishing import with_classes
from assaymark.cubes.document import cubes_document, read_cubes
from assaymark.cubes.fine import FineCube
from assaymark.cubes.published import cell_name
from assaymark.cubes.publishing import publish, scopes_of
from assaymark.errors import ReleaseError
from assaymark.tables.schema import Column, Kind, Positive, Role, Schema
from assaymark.tables.table import Table

SMALL = 10


def fine(attributes, counts):
    """Make a cube by class from {combination: counts}, the last of them for classes without a place."""
    groups = tuple(sorted(counts))
    return FineCube(attributes, groups, np.array([counts[group] for group in groups], dtype=np.int64))


def published(attributes, counts, *, positive=0, ordered=False, synthetic=None, holdout=None):
    cube = fine(attributes, counts)
    labels = tuple("cdefghijklm"[: cube.counts.shape[1] - 1])

    def outcome(one):
        hits = one.counts[:, positive]
        return FineCube(one.attributes, one.combinations, np.stack([one.counts.sum(axis=1) - hits, hits], axis=1))

    other, held = fine(attributes, synthetic or counts), None if holdout is None else fine(attributes, holdout)
    classes = ClassCubes(labels, positive, ordered, cube, other, held)
    cubes = publish(
        outcome(cube), outcome(other), None if held is None else outcome(held),
        target="t", positive=labels[positive], small_cell=SMALL,
    )  # fmt: skip
    return with_classes(cubes, classes, SMALL)


def test_large_cells_are_published_as_they_are():
    cubes = published(("sex",), {("f",): (20, 30, 40, 0), ("m",): (50, 60, 70, 0)})
    tables = cubes.scopes[0].classes
    assert tables.names == ("c", "d", "e", "_other")
    assert tables.real.counts.tolist() == [[20, 30, 40], [50, 60, 70]]
    assert tables.synthetic.counts.tolist() == [[20, 30, 40, 0], [50, 60, 70, 0]]


def test_rare_classes_become_other_in_every_table():
    real = {("f",): (90, 80, 6, 7, 0), ("m",): (90, 80, 5, 9, 0)}
    synthetic = {("f",): (9, 8, 1, 2, 3), ("m",): (9, 8, 0, 0, 0)}
    tables = published(("sex",), real, synthetic=synthetic, holdout=real).scopes[0].classes
    assert (tables.names, tables.other) == (("c", "d", "_other"), True)
    assert tables.real.counts.tolist() == [[90, 80, 13], [90, 80, 14]]
    assert tables.holdout.counts.tolist() == tables.real.counts.tolist()
    assert tables.synthetic.counts.tolist() == [[9, 8, 6], [9, 8, 0]]


def test_rare_levels_join_a_neighbour():
    real = {("f",): (40, 30, 4, 20, 50, 0), ("m",): (40, 30, 5, 20, 50, 0)}
    tables = published(("sex",), real, positive=4, ordered=True).scopes[0].classes
    assert tables.cells == (("c",), ("d",), ("e", "f"), ("g",))
    assert tables.names[2] == "e … f"
    assert tables.real.counts.tolist() == [[40, 30, 24, 50], [40, 30, 25, 50]]


def test_a_holdout_with_a_class_of_its_own_has_no_table():
    real = {("f",): (90, 80, 60, 0), ("m",): (90, 80, 50, 0)}
    tables = published(("sex",), real, holdout={("f",): (90, 80, 60, 1), ("m",): (90, 80, 50, 0)}).scopes[0].classes
    assert tables.real.counts.shape == (2, 3)
    assert tables.holdout is None


def test_a_class_known_from_the_outcome_gives_no_other_away():
    """c is the outcome, published by sex: c and d apart would tell the three e of each sex."""
    tables = published(("sex",), {("f",): (90, 80, 3, 0), ("m",): (90, 80, 3, 0)}).scopes[0].classes
    assert (tables.cells, tables.reason, tables.real.withheld) == ((), "small_cell", True)


def test_the_tables_by_outcome_stay_as_they_are():
    rng = np.random.default_rng(3)
    counts = {g: (*rng.integers(0, 40, 4), 0) for g in itertools.product("fm", "xyz")}
    with_classes = published(("sex", "race"), counts)
    cube = fine(("sex", "race"), counts)
    hits = cube.counts[:, 0]
    plain = FineCube(cube.attributes, cube.combinations, np.stack([cube.counts.sum(axis=1) - hits, hits], axis=1))
    without = publish(plain, plain, None, target="t", positive="c", small_cell=SMALL)
    for one, other in zip(with_classes.scopes, without.scopes, strict=True):
        assert one.real.groups == other.real.groups
        assert one.real.counts.tolist() == other.real.counts.tolist()


class Attacker:
    """Knows all that is published, which combinations and classes occur, and integer programming."""

    def __init__(self, cubes, cube, positive):
        self.cube = cube
        self.occurring = np.flatnonzero(cube.counts.sum(axis=0))
        self.counts = cube.counts[:, self.occurring]
        self.rows = [np.ones(self.counts.size)]
        self.values = [self.counts.sum()]
        outcome = (self.occurring == positive).astype(int)
        for scope in cubes.scopes:
            self.learn(scope.protected, scope.real, outcome)
            classes = scope.classes
            if classes is not None and not classes.real.withheld:
                self.learn(scope.protected, classes.real, self.cells(classes))

    def cells(self, classes):
        places = {label: cell for cell, labels in enumerate(classes.cells) for label in labels}
        labels = "cdefghijklm"[: self.cube.counts.shape[1] - 1]
        return np.array([places.get(labels[place], len(classes.cells)) if place < len(labels) else len(classes.cells)
                         for place in self.occurring])  # fmt: skip

    def learn(self, scope, table, cell):
        if table.withheld:
            return
        names, member = self.cube.project(scope)
        sets = [([group], counts) for group, counts in zip(table.groups, table.counts, strict=True)]
        if table.pooled is not None:
            sets.append(([name for name in names if name not in table.groups], table.pooled))
        for groups, counts in sets:
            for place, count in enumerate(counts):
                row = np.zeros(self.counts.shape)
                row[np.ix_(np.isin(member, [names.index(group) for group in groups]), cell == place)] = 1
                self.rows.append(row.ravel())
                self.values.append(count)

    def range_of(self, chosen):
        from scipy.optimize import LinearConstraint, milp

        constraint = LinearConstraint(np.array(self.rows), self.values, self.values)
        goal = chosen.astype(float).ravel()
        ends = [sign * milp(sign * goal, constraints=constraint, integrality=np.ones(goal.size)).fun for sign in (1, -1)]
        return round(ends[0]), round(ends[1])


def check_disclosure(counts, positive, ordered):
    attributes = ("p", "q")
    cubes = published(attributes, counts, positive=positive, ordered=ordered)
    attacker = Attacker(cubes, fine(attributes, counts), positive)
    for scope in cubes.scopes:
        tables = scope.classes
        assert tables.real.withheld or tables.real.cells.shape[1] == len(tables.cells) + tables.other
        for shown in (tables.real.counts, tables.real.pooled):
            assert shown is None or not shown.size or shown.min() >= SMALL
    for scope in scopes_of(attributes):
        names, member = attacker.cube.project(scope)
        for group in range(len(names)):
            for place in range(attacker.counts.shape[1]):
                chosen = np.zeros(attacker.counts.shape, dtype=bool)
                chosen[member == group, place] = True
                count = attacker.counts[chosen].sum()
                if count < SMALL:
                    low, high = attacker.range_of(chosen)
                    assert low < high, (scope, names[group], place, count)


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("seed", range(12))
def test_no_small_class_count_follows_from_all_that_is_published(seed, ordered):
    rng = np.random.default_rng(seed)
    groups = list(itertools.product("ab", "xyz"))
    counts = {group: (30, *map(int, rng.choice([0, 3, 8, 15, 40], size=3)), 0) for group in groups}
    check_disclosure(counts, 0, ordered)


@given(
    counts=st.lists(st.lists(st.sampled_from([0, 1, 5, 9, 10, 12, 25, 60]), min_size=4, max_size=4), min_size=4, max_size=4),
    positive=st.integers(0, 3),
    ordered=st.booleans(),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
def test_no_small_class_count_follows_whatever_the_counts(counts, positive, ordered):
    groups = list(itertools.product("ab", "xy"))
    table = {group: (*row, 0) for group, row in zip(groups, counts, strict=True) if sum(row)}
    if len(table) > 1 and sum(row[positive] for row in table.values()):
        check_disclosure(table, positive, ordered)


def table_of(labels, *, order=(), positive="c"):
    column = Column("t", Kind.CATEGORICAL, frozenset({Role.TARGET}), order=order)
    schema = Schema((column, Column("sex", Kind.CATEGORICAL, frozenset({Role.PROTECTED}))), Positive(literal=positive))
    return Table.from_columns({"t": labels, "sex": ["f", "m"] * (len(labels) // 2)}, schema)


def counted(labels, room=100, **schema):
    table = table_of(labels, **schema)
    return count_class_cubes(table, table, None, ("sex",), room=room, small_cell=SMALL)


def test_two_classes_are_no_classes_nor_is_a_third_of_few_rows():
    assert counted(["c", "c", "d", "d"] * 10) is None
    assert counted(["c", "c", "d", "d"] * 10 + ["typo"] * 8) is None
    assert counted(["c", "c", "d", "d"] * 10 + ["e"] * 10).labels == ("c", "d", "e")


def test_a_number_has_no_classes():
    column = Column("t", Kind.INTEGER, frozenset({Role.TARGET}))
    schema = Schema((column, Column("sex", Kind.CATEGORICAL, frozenset({Role.PROTECTED}))), Positive(above=2.0))
    table = Table.from_columns({"t": [1, 2, 3, 4] * 20, "sex": ["f", "m"] * 40}, schema)
    assert count_class_cubes(table, table, None, ("sex",), room=100, small_cell=SMALL) is None


def test_missing_values_are_left_out_and_counted():
    cubes = counted(["c", "d", "e", None] * 20)
    assert cubes.real.rows == 60
    assert cubes.real.missing == 20


def test_the_rarest_of_many_classes_are_one_and_the_positive_is_kept():
    labels = [f"k{number:02d}" for number in range(60) for _ in range(60 - number)]
    cubes = counted(labels + ["k59"] * (len(labels) % 2), positive="k59")
    assert len(cubes.labels) == 40
    assert "k59" in cubes.labels
    assert cubes.real.counts[:, -1].sum() == sum(60 - number for number in range(39, 59))


def test_an_order_that_the_check_cannot_bear_publishes_nothing_and_says_so():
    labels = ["c", "d", "e", "f"] * 20
    assert counted(labels, order=("c", "d", "e", "f")).labels == ("c", "d", "e", "f")
    cubes = counted(labels, room=3, order=("c", "d", "e", "f"))
    assert cubes.labels == ()


def test_cubes_with_classes_survive_their_file():
    cubes = published(("sex",), {("f",): (90, 80, 6, 7, 0), ("m",): (90, 80, 5, 9, 0)})
    document = cubes_document(cubes)
    assert cubes_document(read_cubes(document)) == document
    assert '"e"' not in str(document).replace("'", '"')


@pytest.mark.parametrize(
    "damage",
    [
        lambda d: d.pop("cells"),
        lambda d: d.update(cells=[["c"], ["c"]]),
        lambda d: d.update(cells=[["c"], []]),
        lambda d: d.update(ordered=1),
        lambda d: d.update(other=False),
        lambda d: d["synthetic"]["groups"][0].update(counts=[1]),
        lambda d: d.update(reason=3),
    ],
)
def test_malformed_class_tables_are_refused(damage):
    document = cubes_document(published(("sex",), {("f",): (90, 80, 6, 7, 0), ("m",): (90, 80, 5, 9, 0)}))
    damage(document["scopes"][0]["classes"])
    with pytest.raises(ReleaseError):
        read_cubes(document)


def test_names_of_cells_are_never_ambiguous():
    assert cell_name(("a",)) == "a"
    assert cell_name(("a", "b", "c")) == "a … c"
    assert len({cell_name(cell) for cell in (("_other",), ("a … c",), ("a", "c"), ('"_other"',))}) == 4
    assert cell_name(("_other",)) != "_other"


def test_a_small_class_hidden_in_a_merged_cell_is_guarded():
    """One table shows c alone, another c with e: their difference would be the three e of a."""
    cube = fine(("p",), {("a",): (40, 50, 3, 0), ("b",): (40, 50, 12, 0), ("x",): (40, 50, 12, 0)})
    private = _Private(cube)
    apart, together = (private.view(("p",), np.array(cell)) for cell in ([0, 1, 1, 1], [0, 1, 0, 0]))
    free = {("p",): together}
    _Disclosure(private.block, {}, {("p",): apart}, free, SMALL).prevent()
    assert together.withheld or together.pooled[together.groups.index(("a",))]


def test_tables_by_class_are_not_published_beside_strata():
    """Each kind of table is checked without the other, so only one of them is published."""
    counts = {("f",): (90, 80, 60, 0), ("m",): (90, 80, 50, 0)}
    cube = fine(("sex",), counts)
    homes = tuple(itertools.product("fm", ("own", "rent")))
    outcome = FineCube(cube.attributes, cube.combinations, np.array([[140, 90], [130, 90]], dtype=np.int64))
    within = FineCube(("sex", "home"), homes, np.array([[70, 45], [70, 45], [65, 45], [65, 45]]))
    cubes = publish(
        outcome, outcome, None, target="t", positive="c", small_cell=SMALL, strata={"home": (within, within)}
    )  # fmt: skip
    assert not cubes.strata[0].inner[0].real.withheld
    tables = with_classes(cubes, ClassCubes(("c", "d", "e"), 0, False, cube, cube), SMALL).scopes[0].classes
    assert (tables.reason, tables.real.withheld, tables.holdout) == ("strata_declared", True, None)
