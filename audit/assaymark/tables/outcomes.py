"""Choose which outcome of a target counts as positive."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from assaymark.errors import AllNullError, OneClassError, OptionError, PositiveValueError
from assaymark.tables.labels import canonical
from assaymark.tables.schema import Column, Kind, Positive

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.tables.table import Table

_MAX_CLASSES = 10  # distinct numbers up to which a numeric target may have a literal positive
_MIN_SHOWN = 10  # rows that a value must have to be shown
_SAME_TRUTH = {"1": "True", "True": "1", "0": "False", "False": "0"}


def choose_positive(table: Table, target: Column, literal: str | None, above: str | None) -> tuple[Column, Positive]:
    """Return the target as it is to be treated, and its positive outcome.

    A literal is matched by meaning: ``1`` names the value 1, 1.0, ``"1"`` or, in a column of truth values, True. A numeric
    target with a literal becomes categorical; one with a threshold stays numeric.

    Args:
        table: The rows.
        target: The target column.
        literal: Value of ``--positive``, if given.
        above: Value of ``--positive-above``, if given: a number or ``median``.

    Raises:
        OptionError: When neither or both are given, or they do not suit the target.
        AllNullError: When the target holds no value.
        PositiveValueError: When the literal does not occur.
        OneClassError: When all rows have the same outcome.
    """
    if (literal is None) == (above is None):
        raise OptionError(
            "the positive outcome is named twice" if literal is not None else "the positive outcome is not named",
            where="--positive, --positive-above",
            expected="one of the two",
            remedy=f"Say which value of {target.name!r} counts as positive: --positive VALUE, or --positive-above NUMBER.",
        )
    data = table.column(target.name)
    where = f"--target {target.name}"
    if data.null_count == len(data):
        raise AllNullError("the target holds no value", where=where, found="missing values only", remedy="Name another column.")
    if target.kind in {Kind.DATETIME, Kind.TEXT, Kind.IDENTIFIER}:
        raise OptionError(
            f"a column of kind {target.kind.value} cannot be a target",
            where=where,
            expected="categories, booleans or numbers",
            remedy="Name another column, or set its kind in a --schema file.",
        )
    if above is not None:
        return target, _above(table, target, above)
    return _literal(table, target, str(literal))


def _above(table: Table, target: Column, text: str) -> Positive:
    where = f"--positive-above {text}"
    if not target.is_numeric:
        raise OptionError(
            "a threshold needs a numeric target",
            where=where,
            found=f"{target.name!r} is {target.kind.value}",
            remedy="Name a value with --positive VALUE instead.",
        )
    numbers = table.numbers(target.name)
    numbers = numbers[~np.isnan(numbers)]
    try:
        bound = float(np.median(numbers)) if text.strip().lower() == "median" else float(text)
    except ValueError:
        bound = math.nan
    if not math.isfinite(bound):
        raise OptionError(
            "the threshold is no number",
            where=where,
            expected="a number or median",
            remedy="Write for example --positive-above median.",
        )
    positive = int(np.count_nonzero(numbers > bound))
    if positive in {0, len(numbers)}:
        raise OneClassError(
            "all rows have the same outcome",
            where=f"--target {target.name}",
            found="no value above the threshold" if positive == 0 else "no value at or below the threshold",
            expected="values on both sides",
            remedy="Choose another threshold, for example --positive-above median.",
        )
    return Positive(above=bound)


def _literal(table: Table, target: Column, literal: str) -> tuple[Column, Positive]:
    codes, labels = table.labels(target.name)
    if target.is_numeric and len(labels) > _MAX_CLASSES:
        raise OptionError(
            "a numeric target with many values needs a threshold",
            where=f"--positive {literal}",
            found=f"{len(labels):,} distinct values in {target.name!r}",
            expected=f"at most {_MAX_CLASSES} for a literal",
            remedy="Use --positive-above NUMBER or --positive-above median.",
        )
    wanted = canonical(literal)
    if wanted not in labels and set(labels) <= set(_SAME_TRUTH):
        wanted = _SAME_TRUTH.get(wanted, wanted)
    if wanted not in labels:
        raise _absent(target, literal, codes, labels)
    if len(labels) == 1:
        raise OneClassError(
            "the target has one class only",
            where=f"--target {target.name}",
            found="the positive value in every row",
            expected="at least two values",
            remedy="Give rows with both outcomes, or name another target.",
        )
    column = replace(target, kind=Kind.CATEGORICAL, decimals=None) if target.is_numeric else target
    return column, Positive(literal=wanted)


def _absent(target: Column, literal: str, codes: NDArray[np.int32], labels: tuple[str, ...]) -> PositiveValueError:
    """Say which values there are; those that few rows hold are private and only counted."""
    counts = np.bincount(codes[codes >= 0], minlength=len(labels))
    order = np.argsort(-counts, kind="stable")
    shown = [repr(labels[place]) for place in order if counts[place] >= _MIN_SHOWN][:_MAX_CLASSES]
    rest = len(labels) - len(shown)
    rarer = f"{rest:,} {'rarer' if shown else 'rare values'}" if rest else ""
    return PositiveValueError(
        f"the positive value does not occur in column {target.name!r}",
        where=f"--positive {literal}",
        found=", ".join(shown) + (" … and " if shown and rest else "") + rarer,
        expected="a value of the column",
        remedy="Copy one of its values." if shown else "Look up the spelling of the value in the file.",
    )
