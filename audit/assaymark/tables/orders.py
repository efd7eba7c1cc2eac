"""The order of a categorical column's values, declared and never guessed: ``low < mid < high``."""

from __future__ import annotations

import difflib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from assaymark.errors import OptionError
from assaymark.tables.labels import canonical
from assaymark.tables.schema import Column, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assaymark.tables.table import Table

MAX_LEVELS = 50
_FEWEST_LEVELS = 2
_MIN_SHOWN = 10  # rows that a value must have to be shown
_SHOWN = 10


def parse_order(text: str) -> tuple[str, tuple[str, ...]]:
    """Parse ``NAME=LOW<…<HIGH``; a name with an equals sign, or a value with ``<``, needs a schema file.

    >>> parse_order("risk=low < mid < high")
    ('risk', ('low', 'mid', 'high'))

    Raises:
        OptionError: When there is no name, or not two or more different values.
    """
    name, mark, values = text.partition("=")
    levels = tuple(value.strip() for value in values.split("<"))
    if not mark or not name.strip() or not are_levels(levels):
        raise OptionError(
            "the order cannot be read",
            where="--order",
            found=repr(text),
            expected=f"NAME=LOW<…<HIGH with {_FEWEST_LEVELS} to {MAX_LEVELS} different values",
            remedy="Write for example --order 'risk=low<mid<high'; values that hold < go into a --schema file.",
        )
    return name.strip(), levels


def are_levels(levels: Sequence[str]) -> bool:
    """Return whether ``levels`` are two or more values of different meanings, none of them empty."""
    meanings = {canonical(level) for level in levels}
    return len(meanings) == len(levels) and "" not in meanings and _FEWEST_LEVELS <= len(levels) <= MAX_LEVELS


def with_order(table: Table, column: Column, levels: Sequence[str]) -> Column:
    """Return ``column`` with its order, as canonical labels.

    The order may name values that no row holds, as a scale does; so it says which values there may be, and not which there are.

    Raises:
        OptionError: When the column is not categorical, or a row holds a value that the order leaves out.
    """
    where = f"--order {column.name}=…"
    if column.kind is not Kind.CATEGORICAL:
        raise OptionError(
            "only a categorical column has an order that can be declared",
            where=where,
            found=f"a column of kind {column.kind.value}",
            remedy='Leave the order out, or set kind = "categorical" in a --schema file.',
        )
    order = tuple(canonical(level) for level in levels)
    codes, labels = table.labels(column.name)
    if not set(labels) <= set(order):
        counts = np.bincount(codes[codes >= 0], minlength=len(labels))
        raise _incomplete(where, order, dict(zip(labels, map(int, counts), strict=True)))
    return replace(column, order=order)


def _incomplete(where: str, order: tuple[str, ...], counts: dict[str, int]) -> OptionError:
    """Say which values the order lacks; those that few rows hold are private and only counted."""
    absent = [label for label in counts if label not in order]
    shown = [repr(label) for label in absent if counts[label] >= _MIN_SHOWN][:_SHOWN]
    rest = len(absent) - len(shown)
    more = f"{rest:,} {'more' if shown else 'rare values'}" if rest else ""
    unknown = [level for level in order if level not in counts]
    near = [f"{level!r}" for level in unknown if difflib.get_close_matches(level.lower(), [label.lower() for label in absent])]
    return OptionError(
        "the order leaves out values of the column",
        where=where,
        found="not in the order: " + ", ".join([*shown, *([more] if more else [])]),
        expected="every value of the column, each once, lowest first",
        remedy=f"Check the spelling of {', '.join(near[:_SHOWN])}." if near else "Add what is missing.",
    )
