"""Which row belongs to which published group of an attribute.

Only rows whose target is known are looked at, and only groups that the cubes publish: so every count that a group check states
is one that the cubes state too, and no difference of two of them is a count of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.checks.statements import Subject, not_estimable, unusable
from assaymark.cubes.published import group_name
from assaymark.tables.groups import group_labels, outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from assaymark.cubes.published import ScopeCubes
    from assaymark.host.specs import CheckInput
    from assaymark.results.findings import Finding
    from assaymark.tables.table import Table

    Codes = NDArray[np.int64]
    Places = NDArray[np.intp]

REAL, SYNTHETIC, HOLDOUT = "real", "synthetic", "holdout"


def tables_of(data: CheckInput) -> dict[str, Table]:
    """Return the tables that there are, by name."""
    tables = {REAL: data.real, SYNTHETIC: data.synthetic}
    return tables if data.holdout is None else tables | {HOLDOUT: data.holdout}


@dataclass(frozen=True, slots=True)
class Membership:
    """The rows of the published groups of one attribute.

    Attributes:
        subject: What findings are about.
        names: Published groups, sorted.
        codes: For each table, the place of each row's group in ``names``, shape (rows,); -1 for any other row.
        truth: For each table, the outcome of each row, 0 or 1; -1 where the target is missing.
        counts: For each table, rows by group and outcome, shape (groups, 2).
        estimable: bool, shape (groups,): groups with enough real rows for a number of their own.
        pooled: Groups that are named, but too small to publish.
    """

    subject: Subject
    names: tuple[str, ...]
    codes: dict[str, Codes]
    truth: dict[str, NDArray[np.int8]]
    counts: dict[str, NDArray[np.int64]]
    estimable: NDArray[np.bool_]
    pooled: tuple[str, ...]

    @property
    def attribute(self) -> str:
        """Name of the attribute."""
        return self.subject.protected[0]

    def rows(self, table: str, group: int, truth: int | None = None) -> Places:
        """Return the rows of a group, of one outcome if it is given."""
        held = self.codes[table] == group
        return np.flatnonzero(held if truth is None else held & (self.truth[table] == truth))

    def n(self, group: int, truth: int | None = None) -> dict[str, dict[str, int]]:
        """Return the counts behind a finding of a group, as the cubes publish them."""
        cells = slice(None) if truth is None else slice(truth, truth + 1)
        return {name: {self.names[group]: int(self.counts[name][group, cells].sum())} for name in (REAL, SYNTHETIC)}

    def left_out(self, identifier: str) -> Iterator[Finding]:
        """Name the groups that are too small, so that nobody takes silence for sameness."""
        for name, estimable in zip(self.names, self.estimable, strict=True):
            if not estimable:
                yield not_estimable(identifier, self.subject.scope(group=name), "group_too_small")
        for name in self.pooled:
            yield not_estimable(identifier, self.subject.scope(group=name), "small_cell")


def memberships(data: CheckInput) -> Iterator[tuple[Subject, Membership | str]]:
    """Return the groups of each protected attribute, or why they cannot be looked at: a short stable code."""
    for cubes in data.cubes.scopes:
        if len(cubes.protected) == 1:
            data.run.check()
            subject = Subject(data.cubes, cubes.protected)
            reason = unusable(cubes)
            yield subject, _membership(subject, cubes, data) if reason is None else reason


def _membership(subject: Subject, cubes: ScopeCubes, data: CheckInput) -> Membership:
    groups = cubes.real.groups
    tables = tables_of(data)
    truth = {name: outcome(table, data.schema) for name, table in tables.items()}
    codes = {name: _codes(table, subject.protected[0], [g[0] for g in groups], truth[name]) for name, table in tables.items()}
    counts = {
        name: np.bincount(codes[name][codes[name] >= 0] * 2 + truth[name][codes[name] >= 0], minlength=2 * len(groups)).reshape(
            len(groups), 2
        )
        for name in tables
    }
    return Membership(
        subject,
        tuple(group_name(group) for group in groups),
        codes,
        truth,
        counts,
        counts[REAL].sum(axis=1) >= data.policy.min_group_size,
        tuple(group_name(group) for group in cubes.real.pooled_groups),
    )


def _codes(table: Table, attribute: str, groups: Sequence[str], truth: NDArray[np.int8]) -> Codes:
    own, labels = group_labels(table, table.schema[attribute])
    place = {label: code for code, label in enumerate(groups)}
    lookup = np.array([place.get(label, -1) for label in labels], dtype=np.int64)
    return np.where(truth < 0, -1, lookup[own])
