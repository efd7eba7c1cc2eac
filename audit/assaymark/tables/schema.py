"""What a table's columns are: kinds, roles, and the value that counts as positive. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from assaymark.errors import ColumnNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Kind(StrEnum):
    """What the values of a column are."""

    INTEGER = "integer"
    FLOAT = "float"
    CATEGORICAL = "categorical"
    BOOLEAN = "boolean"
    DATETIME = "datetime"
    TEXT = "text"
    IDENTIFIER = "identifier"


class Role(StrEnum):
    """What a column is for in an audit."""

    TARGET = "target"
    PROTECTED = "protected"
    STRATA = "strata"
    SECRET = "secret"  # noqa: S105 - a role, not a password


NUMERIC_KINDS = frozenset({Kind.INTEGER, Kind.FLOAT})


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        name: Header as it stands in the real table.
        kind: What its values are.
        roles: What it is for; a column may be protected and secret at once.
        bins: Inner edges that cut a numeric protected column into groups, ascending. With edges ``(25, 45)`` the groups
            are ``<25``, ``25-45`` (25 included, 45 not) and ``>=45``.
        decimals: For a float column, the digits after the point that all its values fit in; None when more than 8.
        layout: For a datetime column, the ``strftime`` layout in which the source writes it; None when the source is typed.
        order: For a categorical column, its values as canonical labels, lowest first; empty when they have no order.
    """

    name: str
    kind: Kind
    roles: frozenset[Role] = frozenset()
    bins: tuple[float, ...] = ()
    decimals: int | None = None
    layout: str | None = None
    order: tuple[str, ...] = ()

    @property
    def is_numeric(self) -> bool:
        """Whether values are integers or floats."""
        return self.kind in NUMERIC_KINDS


@dataclass(frozen=True, slots=True)
class Positive:
    """The outcome that counts as positive: a literal of the target, or every value above a number.

    Exactly one of ``literal`` and ``above`` is set.
    """

    literal: str | None = None
    above: float | None = None

    def __str__(self) -> str:
        return self.literal if self.literal is not None else f">{self.above:.12g}"


@dataclass(frozen=True, slots=True)
class Schema:
    """The columns of a table in order, and the positive outcome of its target."""

    columns: tuple[Column, ...]
    positive: Positive | None = None

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    def __contains__(self, name: object) -> bool:
        return any(column.name == name for column in self.columns)

    def __getitem__(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise ColumnNotFoundError(
            f"there is no column {name!r}",
            expected="one of " + ", ".join(self.names[:30]),
            remedy="Check the spelling of the column's name.",
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns, in order."""
        return tuple(column.name for column in self.columns)

    def with_role(self, role: Role) -> tuple[Column, ...]:
        """Return the columns that have ``role``, in the order of the table."""
        return tuple(column for column in self.columns if role in column.roles)

    @property
    def target(self) -> Column | None:
        """The target column, if one is declared."""
        found = self.with_role(Role.TARGET)
        return found[0] if found else None

    @property
    def learnable(self) -> tuple[Column, ...]:
        """The columns that a generator may learn: all but identifiers and free text."""
        return tuple(c for c in self.columns if c.kind not in {Kind.IDENTIFIER, Kind.TEXT})

    def select(self, names: Iterable[str]) -> Schema:
        """Return the schema of the columns ``names``, in that order."""
        return replace(self, columns=tuple(self[name] for name in names))

    def with_column(self, column: Column) -> Schema:
        """Return a copy in which ``column`` replaces the column of the same name."""
        return replace(self, columns=tuple(column if c.name == column.name else c for c in self.columns))
