"""Tables of classifiers: no small count is shown, none can be worked out, and all tables show the same groups."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assaymark.cubes import model_pooling
from assaymark.cubes.document import cubes_document, read_cubes
from assaymark.cubes.fine import FineCube
from assaymark.cubes.model_disclosure import Partition, PrivateCounts, exposed
from assaymark.cubes.model_document import contradictions
from assaymark.cubes.model_pooling import pool_models
from assaymark.cubes.models import LabelledRows, ModelKey, fits_of, row_combinations
from assaymark.cubes.pooling import pool
from assaymark.cubes.publishing import publish, scopes_of
from assaymark.errors import ReleaseError
from assaymark.tables.schema import Column, Kind, Schema
from assaymark.tables.table import Table

SMALL = 10


def tables_of(rows, holdout, scopes=None):
    shown = pool(holdout, scopes or scopes_of(holdout.attributes), SMALL)
    return pool_models(rows, holdout, shown, SMALL), shown


def test_large_groups_are_published_with_each_classifier_and_in_pairs(make_labelled):
    rows, holdout = make_labelled({("A",): (500, 300), ("B",): (400, 200)})
    tables, _ = tables_of(rows, holdout)
    found = tables[("sex",)]
    assert found.groups == (("A",), ("B",))
    assert not found.pooled
    assert set(found.labels) == set(rows.labels)
    key = ModelKey("trees", "synthetic", 1)
    inside = rows.combination == 1
    expected = [
        int(((rows.truth == bool(y)) & (rows.labels[key] == bool(label)) & inside).sum()) for y in (0, 1) for label in (0, 1)
    ]
    assert found.labels[key][1].tolist() == expected
    fits = fits_of(rows.labels, "trees", "synthetic")
    pair = sum(
        int((~rows.truth & rows.labels[fit.partner] & ~rows.labels[fit] & inside).sum()) for fit in fits
    )  # y0, real 1, other 0
    assert found.pairs["trees", "synthetic"][1][2] == pair


def test_one_small_cell_in_one_table_pools_the_group_in_all_of_them(make_labelled):
    rows, holdout = make_labelled({("A",): (500, 300), ("B",): (400, 200), ("C",): (300, 100), ("D",): (200, 90)})
    key = ModelKey("trees", "real_again", 1)
    labels = dict(rows.labels)
    hit = np.flatnonzero(rows.truth & (rows.combination == 3))
    labels[key] = labels[key].copy()
    labels[key][hit] = True
    labels[key][hit[:4]] = False  # four false negatives of one refit of one learner
    tables, shown = tables_of(LabelledRows(rows.attributes, rows.combinations, rows.combination, rows.truth, labels), holdout)
    found = tables[("sex",)]
    assert len(shown[("sex",)].groups) == 4
    assert found.groups == (("A",), ("B",))
    assert found.pooled_groups == (("C",), ("D",))
    assert all(counts.shape == (3, 4) and counts.min() >= SMALL for counts in found.labels.values())


def test_a_pair_needs_ten_different_rows_in_each_cell_not_ten_over_the_seeds(make_labelled):
    rows, holdout = make_labelled({("A",): (500, 300), ("B",): (400, 200)})
    labels = {key: rows.labels[key].copy() for key in rows.labels}
    inside = np.flatnonzero(rows.truth & (rows.combination == 1))
    for key in fits_of(labels, "trees", "synthetic"):  # the same eight rows with both seeds: sixteen in all
        labels[key][inside] = labels[key.partner][inside]
        labels[key][np.flatnonzero(rows.truth & (rows.combination == 1) & ~labels[key.partner])[:8]] = True
        swap = np.flatnonzero(rows.truth & (rows.combination == 1) & labels[key.partner])[:20]
        labels[key][swap] = False
    same = labels[ModelKey("trees", "real", 0)]
    labels[ModelKey("trees", "real", 1)] = same
    labels[ModelKey("trees", "synthetic", 1)] = labels[ModelKey("trees", "synthetic", 0)]
    changed = LabelledRows(rows.attributes, rows.combinations, rows.combination, rows.truth, labels)
    found = tables_of(changed, holdout)[0][("sex",)]
    assert len(found.groups) == 2
    assert found.pairs == {}


def random_rows(seed, keys):
    rng = np.random.default_rng(seed)
    labels = list(itertools.product("ab", "xyz"))
    counts = {label: rng.choice([0, 3, 8, 25, 60], size=2, p=[0.1, 0.2, 0.2, 0.3, 0.2]) for label in labels}
    counts = {label: row for label, row in counts.items() if row.sum()}
    groups = tuple(sorted(counts))
    sizes = np.array([counts[group] for group in groups], dtype=np.int64)
    combination = np.repeat(np.arange(len(groups)), sizes.sum(axis=1)).astype(np.intp)
    truth = np.concatenate([np.repeat([False, True], row) for row in sizes])
    given_labels = {key: truth ^ (rng.random(len(truth)) < rng.choice([0.2, 0.35, 0.5])) for key in keys}
    return LabelledRows(("p", "q"), groups, combination, truth, given_labels), FineCube(("p", "q"), groups, sizes)


@given(st.integers(0, 10_000), st.integers(1, 3))
@settings(max_examples=20, deadline=None)
def test_all_tables_show_the_same_groups_no_small_count_and_agree(seed, seeds):
    keys = [ModelKey("t", on, s) for on in ("real", "synthetic", "both", "real_again") for s in range(seeds)]
    rows, holdout = random_rows(seed, keys)
    tables, shown = tables_of(rows, holdout)
    for scope, found in tables.items():
        assert list(contradictions(found, shown[scope])) == []
        assert set(found.groups) <= set(shown[scope].groups)
        for counts in (*found.labels.values(), *found.pairs.values()):
            assert counts.shape[0] == len(found.groups) + found.pooled
            assert not counts.size or counts.min() >= SMALL
        assert set(found.labels) == (set() if found.withheld else set(keys))


class Attacker:
    """Knows all that is published; its unknowns are rows by group, outcome and whole pattern of labels."""

    def __init__(self, holdout, keys):
        self.holdout, self.keys = holdout, keys
        self.cells = np.array(list(itertools.product((0, 1), repeat=1 + len(keys))))  # outcome, then a label a classifier
        self.known = [np.ones((len(holdout.combinations), len(self.cells))).ravel()]
        self.values = [holdout.counts.sum()]

    def singles(self, k):
        return [{0: y, 1 + k: label} for y in (0, 1) for label in (0, 1)]

    def sum_of(self, chosen, wanted):
        row = np.zeros((len(self.holdout.combinations), len(self.cells)))
        row[np.ix_(chosen, np.all([self.cells[:, place] == value for place, value in wanted.items()], axis=0))] = 1
        return row.ravel()

    def members(self, scope):
        names, member = self.holdout.project(scope)
        return {group: np.flatnonzero(member == place) for place, group in enumerate(names)}

    def read(self, scope, groups, pooled, cell_sets, counts):
        members = self.members(scope)
        sets = [members[group] for group in groups]
        if pooled:
            sets.append(np.concatenate([rows for group, rows in members.items() if group not in groups]))
        for chosen, row in zip(sets, counts, strict=True):
            self.known += [self.sum_of(chosen, wanted) for wanted in cell_sets]
            self.values += row

    def read_all(self, scope, outcome, models):
        if not outcome.withheld:
            counts = outcome.counts.tolist() + ([] if outcome.pooled is None else [outcome.pooled.tolist()])
            self.read(scope, outcome.groups, outcome.pooled is not None, [{0: 0}, {0: 1}], counts)
        for k, key in enumerate([] if models.withheld else self.keys):
            self.read(scope, models.groups, models.pooled, self.singles(k), models.labels[key].tolist())
        for counts in models.pairs.values():
            both = [{0: y, 1: real, 2: other} for y in (0, 1) for real in (0, 1) for other in (0, 1)]
            self.read(scope, models.groups, models.pooled, both, counts.tolist())

    def hidden(self, scope, outcome, models):
        for group, chosen in self.members(scope).items():
            if group not in outcome.groups:
                yield from (self.sum_of(chosen, {0: y}) for y in (0, 1))
            if group not in models.groups:
                yield from (self.sum_of(chosen, wanted) for k in range(len(self.keys)) for wanted in self.singles(k))

    def learns(self, goal):
        from scipy.optimize import LinearConstraint, milp

        constraint = LinearConstraint(np.array(self.known), np.array(self.values, float), np.array(self.values, float))
        least, most = (sign * milp(sign * goal, constraints=constraint, integrality=np.ones(len(goal))).fun for sign in (1, -1))
        return round(most) == round(least)


@pytest.mark.parametrize("seed", [0, 1, 3, 4])
def test_no_hidden_count_is_pinned_over_all_patterns_of_labels(seed):
    """By integer programs over outcome and every pattern of labels, which the disclosure check never builds."""
    keys = [ModelKey("t", "real", 0), ModelKey("t", "synthetic", 0), ModelKey("t", "real_again", 0)]
    rows, holdout = random_rows(seed, keys)
    tables, shown = tables_of(rows, holdout)
    attacker = Attacker(holdout, keys)
    for scope, models in tables.items():
        attacker.read_all(scope, shown[scope], models)
    hidden = [goal for scope, models in tables.items() for goal in attacker.hidden(scope, shown[scope], models)]
    assert hidden
    assert any(models.labels for models in tables.values())
    assert not any(attacker.learns(goal) for goal in hidden)


def test_the_check_finds_what_follows_from_margins():
    """Two attributes of two groups each; the pool of the intersection has one group, so its counts follow."""
    member = np.arange(4)
    counts = PrivateCounts(
        np.array([[50, 40], [60, 30], [70, 20], [5, 3]]),
        np.array([[50, 40], [60, 30], [70, 20], [5, 3]]),
        {ModelKey("t", "real", 0): np.array([[10, 30], [12, 20], [15, 11], [2, 1]])},
    )
    names = (("a", "x"), ("a", "y"), ("b", "x"), ("b", "y"))
    one = Partition((("a",), ("b",)), member // 2, np.zeros(2, dtype=bool))
    two = Partition((("x",), ("y",)), member % 2, np.zeros(2, dtype=bool))
    inner = Partition(names, member, np.array([False, False, True, True]))
    assert {(found.partition, found.group) for found in exposed(counts, [one, two, inner])} == {(2, 2), (2, 3)}
    inner.pooled[:] = True
    assert exposed(counts, [one, two, inner]) == []


def test_rows_that_were_not_scored_do_not_follow_either(make_labelled):
    rows, holdout = make_labelled({("A",): (500, 300), ("B",): (400, 200), ("C",): (200, 100)})
    left_out = np.ones(len(rows.truth), dtype=bool)
    left_out[np.flatnonzero(rows.combination == 1)[:4]] = False  # four rows of B were not drawn
    left_out[np.flatnonzero(rows.combination == 0)[:60]] = False
    left_out[np.flatnonzero((rows.combination == 0) & rows.truth)[:60]] = False
    part = LabelledRows(
        rows.attributes,
        rows.combinations,
        rows.combination[left_out],
        rows.truth[left_out],
        {key: labels[left_out] for key, labels in rows.labels.items()},
    )
    found = tables_of(part, holdout)[0][("sex",)]
    assert ("B",) not in found.groups
    assert ("C",) not in found.groups  # all of C was scored: none left out is a small count as well


def test_too_many_groups_leave_single_attributes(make_labelled, monkeypatch):
    counts = {(p, q): (60, 60) for p in "ab" for q in "xyz"}
    rows, holdout = make_labelled(counts, ("p", "q"))
    monkeypatch.setattr(model_pooling, "LARGEST_PROGRAM", 80)
    tables, _ = tables_of(rows, holdout)
    assert tables["p", "q"].withheld
    assert len(tables[("p",)].groups) == 2
    assert len(tables[("q",)].groups) == 3


def test_combinations_of_rows_are_those_of_the_cube():
    columns = {"sex": ["m", "f", None, "f", "m"], "race": ["x", "y", "x", "y", "z"]}
    table = Table.from_columns(columns, Schema(tuple(Column(name, Kind.CATEGORICAL) for name in columns)))
    place, combinations = row_combinations(table, ("sex", "race"))
    assert combinations == (("(missing)", "x"), ("f", "y"), ("m", "x"), ("m", "z"))
    assert [combinations[row] for row in place] == [
        ("m", "x"), ("f", "y"), ("(missing)", "x"), ("f", "y"), ("m", "z"),
    ]  # fmt: skip


@pytest.fixture
def document(make_labelled, make_cube):
    rows, holdout = make_labelled({("A",): (500, 300), ("B",): (400, 200), ("C",): (30, 20), ("D",): (90, 80)})
    real = make_cube({"A": (500, 300), "B": (400, 200)})
    cubes = publish(real, real, holdout, target="t", positive="1", small_cell=SMALL, labelled=rows)
    return json.loads(json.dumps(cubes_document(cubes)))


def test_tables_survive_their_file(document):
    again = read_cubes(document)
    assert cubes_document(again) == document
    assert document["scopes"][0]["models"]["pairs"]
    assert "C" not in {group[0] for group in document["scopes"][0]["models"]["groups"]}


@pytest.mark.parametrize(
    "damage",
    [
        lambda m: m["labels"][0].update(seed=True),
        lambda m: m["labels"][0].update(trained_on="moon"),
        lambda m: m["labels"][0].update(learner=3),
        lambda m: m["labels"][0]["counts"].pop(),
        lambda m: m["labels"][0]["counts"][0].pop(),
        lambda m: m["labels"][0]["counts"][0].__setitem__(0, -1),
        lambda m: m["labels"].append(m["labels"][0]),
        lambda m: m["labels"].pop(0),
        lambda m: m["groups"].reverse(),
        lambda m: m.update(pooled=1),
        lambda m: m.update(withheld=True),
        lambda m: m["pairs"][0].update(trained_on="both"),
        lambda m: m.pop("pairs"),
    ],
)
def test_malformed_tables_are_refused(document, damage):
    damage(document["scopes"][0]["models"])
    with pytest.raises(ReleaseError):
        read_cubes(document)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda m: m["labels"][1]["counts"][0].__setitem__(0, 999), "not tested on the same rows"),
        (lambda m: m["pairs"][0]["counts"][0].__setitem__(0, 999), "do not sum to its single tables"),
        (lambda m: [t["counts"][0].__setitem__(0, t["counts"][0][0] + 1) for t in m["labels"]], "that the holdout does not"),
    ],
)
def test_tables_that_contradict_each_other_are_named(document, damage, told):
    damage(document["scopes"][0]["models"])
    scope = read_cubes(document).scopes[0]
    assert any(told in each for each in contradictions(scope.models, scope.holdout))
