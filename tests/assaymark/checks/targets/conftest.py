"""Builders of what the checks of targets look at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assaymark.cubes.class_counting import count_class_cubes
from assaymark.cubes.class_publishing import class_room, with_classes
from assaymark.cubes.fine import count_cube
from assaymark.cubes.publishing import publish
from assaymark.execution import Run
from assaymark.host.specs import CheckInput
from assaymark.tables.schema import Column, Kind, Positive, Role, Schema
from assaymark.tables.table import Table


def make_input(policy, tables, protected, seed, change):
    """Return the input of a check from real, synthetic and perhaps holdout rows."""
    real, synthetic, holdout = (*tables, None)[:3]
    cubes = [None if table is None else count_cube(table, protected) for table in (real, synthetic, holdout)]
    classes = count_class_cubes(real, synthetic, holdout, protected, room=class_room(cubes[0]), small_cell=policy.small_cell)
    published = publish(*cubes, target="y", positive=str(real.schema.positive), small_cell=policy.small_cell)
    published = with_classes(published, classes, policy.small_cell)
    return CheckInput(real, holdout, synthetic, real.schema, published, replace(policy, **change), Run(seed))


@pytest.fixture(scope="session")
def class_input(policy):
    """Return the input of a check from counts by group: {group: (rows of each class)}; the last class is positive."""

    def table(counts, labels, order):
        rows = [(group, label) for group, row in counts.items() for label, n in zip(labels, row, strict=True) for _ in range(n)]
        groups = [group if isinstance(group, tuple) else (group,) for group, _ in rows]
        names = ("sex", "race")[: len(groups[0])]
        columns = {name: [group[place] for group in groups] for place, name in enumerate(names)}
        schema = Schema(
            (
                Column("y", Kind.CATEGORICAL, frozenset({Role.TARGET}), order=tuple(labels) if order else ()),
                *(Column(name, Kind.CATEGORICAL, frozenset({Role.PROTECTED})) for name in names),
            ),
            Positive(literal=labels[-1]),
        )
        return Table.from_columns({"y": [label for _, label in rows], **columns}, schema)

    def make(*counts, labels="lmh", order=False, seed=0, **change):
        tables = [table(one, labels, order) for one in counts]
        return make_input(policy, tables, tables[0].names[1:], seed, change)

    return make


@pytest.fixture(scope="session")
def score_input(policy):
    """Return the input of a check from numbers by group: {group: values}."""

    def table(values, above):
        schema = Schema(
            (
                Column("y", Kind.FLOAT, frozenset({Role.TARGET})),
                Column("sex", Kind.CATEGORICAL, frozenset({Role.PROTECTED})),
            ),
            Positive(above=above),
        )
        names = np.repeat(list(values), [len(own) for own in values.values()])
        return Table.from_columns({"y": np.concatenate(list(values.values())), "sex": names}, schema)

    def make(*values, seed=0, above=0.0, **change):
        return make_input(policy, [table(one, above) for one in values], ("sex",), seed, change)

    return make
