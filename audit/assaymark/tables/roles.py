"""Say what columns are for: target, positive outcome, protected, strata, secret, identifier."""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from assaymark.errors import AllNullError, ColumnNotFoundError, FreeTextError, OptionError
from assaymark.tables.orders import with_order
from assaymark.tables.outcomes import choose_positive
from assaymark.tables.schema import Column, Kind, Role, Schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from assaymark.tables.table import Table

_SHOWN = 30  # names in a message
MAX_GROUPS = 10  # distinct numbers up to which a numeric column is taken for group labels


@dataclass(frozen=True, slots=True)
class RoleOptions:
    """What a user says of columns; what a schema file says holds where an option is left out.

    Attributes:
        target: Outcome column.
        positive: Literal of the target that counts as positive, matched by meaning.
        positive_above: A number, or ``median``: target values above it count as positive.
        protected: Columns whose groups are compared.
        strata: Columns within whose values groups are compared, too.
        secret: Columns that an attacker would want to infer.
        identifier: Columns that name rows; they are neither learned nor audited.
        bins: Inner edges for numeric protected and strata columns.
        references: Group of a protected column that its other groups are compared with.
        order: Values of categorical columns, lowest first.
    """

    target: str | None = None
    positive: str | None = None
    positive_above: str | None = None
    protected: tuple[str, ...] = ()
    strata: tuple[str, ...] = ()
    secret: tuple[str, ...] = ()
    identifier: tuple[str, ...] = ()
    bins: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    references: Mapping[str, str] = field(default_factory=dict)
    order: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def parse_bins(text: str) -> tuple[str, tuple[float, ...]]:
    """Parse ``NAME=EDGE,EDGE,…``; the name may itself hold an equals sign.

    >>> parse_bins("age=25,45,65")
    ('age', (25.0, 45.0, 65.0))

    Raises:
        OptionError: When there is no name, or the edges are not finite numbers in ascending order.
    """
    name, mark, numbers = text.rpartition("=")
    try:
        edges = tuple(float(number) for number in numbers.split(","))
    except ValueError:
        edges = ()
    if not mark or not name.strip() or not are_edges(edges):
        raise OptionError(
            "bins cannot be read",
            where="--bins",
            found=repr(text),
            expected="NAME=EDGE,EDGE,… with finite edges in ascending order",
            remedy="Write for example --bins age=25,45,65.",
        )
    return name.strip(), edges


def are_edges(edges: tuple[float, ...]) -> bool:
    """Return whether ``edges`` are one or more finite numbers in strictly ascending order."""
    ascending = all(low < high for low, high in pairwise(edges))
    return bool(edges) and ascending and all(math.isfinite(edge) for edge in edges)


def nearest(name: str, names: Iterable[str]) -> list[str]:
    """Return up to three of ``names`` that are spelled much like ``name``."""
    plain = {candidate.lower(): candidate for candidate in names}
    return [plain[match] for match in difflib.get_close_matches(name.lower(), plain, n=3, cutoff=0.6)]


def require_column(schema: Schema, name: str, option: str) -> Column:
    """Return a column that an option names.

    Raises:
        ColumnNotFoundError: When the table has none of that name; it tells the nearest names.
    """
    if name in schema:
        return schema[name]
    close = nearest(name, schema.names)
    shown = ", ".join(schema.names[:_SHOWN]) + (", …" if len(schema) > _SHOWN else "")
    raise ColumnNotFoundError(
        f"there is no column {name!r}",
        where=option,
        found=f"columns {shown}",
        remedy=f"Did you mean {' or '.join(map(repr, close))}?"
        if close
        else "Check the spelling; the first line must hold the names.",
    )


def assign_roles(table: Table, options: RoleOptions) -> Table:
    """Return the table with roles, bins and the positive outcome in its schema.

    Columns whose values are taken as labels are recast to categorical, so that generators treat them so too: a numeric target
    with a literal positive, and numeric protected or strata columns of at most 10 distinct values without bins.

    Raises:
        ColumnNotFoundError: When a column is not in the table.
        OptionError: When options contradict each other or the kind of a column, a numeric column needs bins, or an order leaves
            values out.
        PositiveValueError: When the positive literal does not occur.
        OneClassError: When all rows have the same outcome.
        AllNullError: When the target or a protected or strata column holds no value.
    """
    from assaymark.tables.table import Table

    options = _complete(table.schema, options)
    _check(table.schema, options)
    schema = table.schema
    for name, roles in _roles(options).items():
        schema = schema.with_column(replace(schema[name], roles=frozenset(roles)))
    for name, edges in options.bins.items():
        schema = schema.with_column(replace(schema[name], bins=edges))
    for name in options.identifier:
        schema = schema.with_column(Column(name, Kind.IDENTIFIER))
    for column in (*schema.with_role(Role.PROTECTED), *schema.with_role(Role.STRATA)):
        schema = schema.with_column(_grouped(table, column))
    if options.target is not None:
        column, positive = choose_positive(table, schema[options.target], options.positive, options.positive_above)
        schema = replace(schema.with_column(column), positive=positive)
    for name, levels in options.order.items():
        schema = schema.with_column(with_order(table, schema[name], levels))
    return Table.from_arrow(table.arrow, schema)


def refuse_free_text(schema: Schema) -> None:
    """Refuse a table with free text, which no generator here learns.

    Raises:
        FreeTextError: When a column is free text.
    """
    names = [column.name for column in schema if column.kind is Kind.TEXT]
    if names:
        raise FreeTextError(
            "free text cannot be learned",
            where="column " + ", ".join(repr(name) for name in names),
            expected="numbers, categories, dates, or identifiers, which are left out",
            remedy="Leave it out with "
            + " ".join(f"--drop {name!r}" for name in names)
            + ", or set its kind in a --schema file.",
        )


def _complete(schema: Schema, options: RoleOptions) -> RoleOptions:
    """Fill options that are left out from the roles in the schema."""

    def named(role: Role) -> tuple[str, ...]:
        return tuple(column.name for column in schema.with_role(role))

    target = options.target or next(iter(named(Role.TARGET)), None)
    positive, above = options.positive, options.positive_above
    if positive is None and above is None and schema.positive is not None:
        positive = schema.positive.literal
        above = None if schema.positive.above is None else repr(schema.positive.above)
    return replace(
        options,
        target=target,
        positive=positive,
        positive_above=above,
        protected=options.protected or named(Role.PROTECTED),
        strata=options.strata or named(Role.STRATA),
        secret=options.secret or named(Role.SECRET),
        bins={column.name: column.bins for column in schema if column.bins} | dict(options.bins),
        order={column.name: column.order for column in schema if column.order} | dict(options.order),
    )


def _roles(options: RoleOptions) -> dict[str, set[Role]]:
    named = {
        Role.TARGET: (options.target,) if options.target is not None else (),
        Role.PROTECTED: options.protected,
        Role.STRATA: options.strata,
        Role.SECRET: options.secret,
    }
    roles: dict[str, set[Role]] = {}
    for role, names in named.items():
        for name in names:
            roles.setdefault(name, set()).add(role)
    return roles


def _check(schema: Schema, options: RoleOptions) -> None:
    """Refuse unknown columns, and options that contradict each other."""
    named = {
        "--target": (options.target,) if options.target is not None else (),
        "--protected": options.protected,
        "--strata": options.strata,
        "--secret": options.secret,
        "--identifier": options.identifier,
        "--bins": tuple(options.bins),
        "--reference": tuple(options.references),
        "--order": tuple(options.order),
    }
    for option, names in named.items():
        for name in names:
            require_column(schema, name, option)
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise OptionError("a column is named twice", where=option, found=", ".join(twice), remedy="Name each column once.")
    for first, second in (
        ("--target", "--protected"),
        ("--target", "--strata"),
        ("--protected", "--strata"),
        ("--identifier", "--target"),
        ("--identifier", "--protected"),
        ("--identifier", "--strata"),
        ("--identifier", "--secret"),
    ):
        both = [name for name in named[first] if name in named[second]]
        if both:
            raise OptionError(
                f"a column cannot be named by {first} and {second} at once",
                where=f"{first}, {second}",
                found=", ".join(both),
                remedy="Leave it out of one of the two.",
            )
    for name, group in options.references.items():
        if name not in options.protected:
            raise OptionError(
                "a reference group is for a protected column",
                where=f"--reference {name}={group}",
                remedy=f"Add --protected {name}, or leave the reference out.",
            )
    for name in options.bins:
        if name not in (*options.protected, *options.strata):
            raise OptionError(
                "bins are for protected and strata columns",
                where=f"--bins {name}=…",
                remedy=f"Add --protected {name}, or leave the bins out.",
            )


def _grouped(table: Table, column: Column) -> Column:
    """Return a protected or strata column as one whose groups can be told."""
    from assaymark.tables.kernels import pc

    option = "--protected" if Role.PROTECTED in column.roles else "--strata"
    where = f"{option} {column.name}"
    data = table.column(column.name)
    if data.null_count == len(data):
        raise AllNullError("the column holds no value", where=where, found="missing values only", remedy="Name another column.")
    if column.kind in {Kind.DATETIME, Kind.TEXT, Kind.IDENTIFIER}:
        raise OptionError(
            f"a column of kind {column.kind.value} makes no groups",
            where=where,
            expected="categories, booleans, or numbers with bins",
            remedy="Name another column, or set its kind in a --schema file.",
        )
    if not column.is_numeric:
        if column.bins:
            raise OptionError(
                "only a numeric column can be cut into bins",
                where=f"--bins {column.name}=…",
                found=f"a {column.kind.value} column",
                remedy="Leave the bins out.",
            )
        return column
    if column.bins:
        return column
    count = pc.count_distinct(data).as_py()
    if count > MAX_GROUPS:
        raise OptionError(
            "a numeric column with many values needs bins",
            where=where,
            found=f"{count:,} distinct values",
            expected=f"bins, or at most {MAX_GROUPS} distinct values",
            remedy=f"Add --bins {column.name}=EDGE,EDGE,…, for example --bins age=25,45,65.",
        )
    return replace(column, kind=Kind.CATEGORICAL, decimals=None)
