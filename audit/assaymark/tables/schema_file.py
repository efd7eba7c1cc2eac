"""Schema files: what a user corrects in an inferred schema, as TOML.

    positive = ">50K"            # or: positive_above = 40.0

    [columns."hours-per-week"]
    kind = "integer"             # integer, float, categorical, boolean, datetime, text, identifier
    roles = ["protected"]        # target, protected, strata, secret
    bins = [20, 40]
    decimals = 2                 # of a float column
    layout = "%d.%m.%Y"          # of a datetime column
    order = ["low", "high"]      # of a categorical column, lowest first

Columns that a file leaves out, and keys that it leaves out, stay as inferred.
"""

from __future__ import annotations

import difflib
import json
import math
import tomllib
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from assaymark.errors import MissingFileError, SchemaFileError
from assaymark.tables.datetimes import is_layout
from assaymark.tables.orders import MAX_LEVELS, are_levels
from assaymark.tables.schema import Column, Kind, Positive, Role, Schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

MAX_BYTES = 4 * 2**20
_MAX_BINS = 1000
_MAX_DECIMALS = 8
_LARGEST = 1e300  # an integer of TOML may be too long for a float
_LINE = 80  # characters of a value in a message
_SHOWN = 30  # names in a message
_TOP = ("columns", "positive", "positive_above")
_KEYS = ("kind", "roles", "bins", "decimals", "layout", "order")


@dataclass(frozen=True, slots=True)
class SchemaOverrides:
    """What a schema file says.

    Attributes:
        path: The file, for messages.
        columns: For each column that it names, the attributes of `Column` that it sets.
        positive: The positive outcome, if it names one.
    """

    path: Path
    columns: Mapping[str, Mapping[str, Any]]
    positive: Positive | None = None


def schema_toml(schema: Schema) -> str:
    """Print a schema as a schema file; reading it back gives the same schema."""
    lines = []
    if schema.positive is not None and schema.positive.literal is not None:
        lines.append(f"positive = {_quoted(schema.positive.literal)}")
    if schema.positive is not None and schema.positive.above is not None:
        lines.append(f"positive_above = {schema.positive.above!r}")
    for column in schema:
        lines += ["", f"[columns.{_quoted(column.name)}]", f'kind = "{column.kind.value}"']
        if column.roles:
            lines.append("roles = [" + ", ".join(f'"{role}"' for role in sorted(column.roles)) + "]")
        if column.bins:
            lines.append("bins = [" + ", ".join(repr(float(edge)) for edge in column.bins) + "]")
        if column.decimals is not None:
            lines.append(f"decimals = {column.decimals}")
        if column.layout is not None:
            lines.append(f"layout = {_quoted(column.layout)}")
        if column.order:
            lines.append("order = [" + ", ".join(_quoted(level) for level in column.order) + "]")
    return "\n".join(lines).lstrip("\n") + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def read_schema_file(path: Path) -> SchemaOverrides:
    """Read a schema file.

    Raises:
        MissingFileError: When it cannot be read.
        SchemaFileError: When it is too large, no TOML, or has an unknown key or a wrong value.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise MissingFileError(
            "the schema file cannot be read",
            where=str(path),
            found=getattr(error, "strerror", None) or "an impossible path",
            remedy="Check the path of --schema and the permissions.",
        ) from error
    if len(data) > MAX_BYTES:
        raise _refusal(path, "the schema file is too large", f"more than {MAX_BYTES:,} bytes", f"at most {MAX_BYTES:,} bytes")
    try:
        document = tomllib.loads(data.decode())
    except (ValueError, RecursionError) as error:
        found = "nesting without end" if isinstance(error, RecursionError) else str(error)
        raise _refusal(path, "the schema file is no TOML", found, "TOML in UTF-8") from error
    _check_keys(path, document, _TOP)
    columns = document.get("columns", {})
    if not isinstance(columns, dict):
        raise _refusal(path, "columns is no table", _shape(columns), "a table [columns.NAME] for each column")
    parsed = {name: _parse_column(f"{path}, column {name!r}", entry) for name, entry in columns.items()}
    return SchemaOverrides(path, parsed, _parse_positive(path, document))


def apply_overrides(schema: Schema, overrides: SchemaOverrides) -> Schema:
    """Return ``schema`` as corrected by a schema file.

    Raises:
        SchemaFileError: When it names a column that there is not, gives an attribute to a column of another kind, or names
            two targets.
    """
    for name, attributes in overrides.columns.items():
        where = f"{overrides.path}, column {name!r}"
        if name not in schema:
            raise _refusal(where, "the table has no such column", None, _options(name, schema.names))
        column = schema[name]
        kind = attributes.get("kind", column.kind)
        if kind is not column.kind:
            column = replace(column, kind=kind, decimals=None, layout=None, order=())
        column = replace(column, **attributes)
        _check_fit(where, column)
        schema = schema.with_column(column)
    targets = schema.with_role(Role.TARGET)
    if len(targets) > 1:
        raise _refusal(overrides.path, "there is more than one target", ", ".join(c.name for c in targets), "one target")
    return replace(schema, positive=overrides.positive or schema.positive)


def _check_fit(where: str, column: Column) -> None:
    for set_, kinds, what in (
        (column.decimals is not None, {Kind.FLOAT}, "decimals"),
        (column.layout is not None, {Kind.DATETIME}, "layout"),
        (bool(column.bins), {Kind.INTEGER, Kind.FLOAT}, "bins"),
        # numbers may become categories yet, as those of a target with a literal outcome do
        (bool(column.order), {Kind.CATEGORICAL, Kind.INTEGER, Kind.FLOAT}, "order"),
    ):
        if set_ and column.kind not in kinds:
            allowed = " or ".join(sorted(kind.value for kind in kinds))
            raise _refusal(where, f"{what} does not suit the column", f"kind {column.kind.value}", f"kind {allowed}")


def _parse_positive(path: Path, document: Mapping[str, Any]) -> Positive | None:
    literal, above = document.get("positive"), document.get("positive_above")
    if literal is not None and above is not None:
        raise _refusal(path, "the positive outcome is named twice", "positive and positive_above", "one of the two")
    if above is not None:
        if not _is_number(above):
            raise _refusal(path, "positive_above is no number", _shape(above), "a finite number")
        return Positive(above=float(above))
    if literal is not None:
        if not isinstance(literal, str | int | float):
            raise _refusal(path, "positive is no value of a column", _shape(literal), "a text, number or truth value")
        return Positive(literal=str(literal))
    return None


def _parse_column(where: str, entry: object) -> Mapping[str, Any]:
    if not isinstance(entry, dict):
        raise _refusal(where, "the entry of a column is no table", _shape(entry), "keys " + ", ".join(_KEYS))
    _check_keys(where, entry, _KEYS)
    parsers = {"kind": _kind, "roles": _roles, "bins": _bins, "decimals": _decimals, "layout": _layout, "order": _order}
    return {key: parsers[key](where, value) for key, value in entry.items()}


def _kind(where: str, value: object) -> Kind:
    if not isinstance(value, str) or value not in set(Kind):
        raise _refusal(where, "there is no such kind", _shape(value), _options(str(value), [kind.value for kind in Kind]))
    return Kind(value)


def _roles(where: str, value: object) -> frozenset[Role]:
    names = {role.value for role in Role}
    if not isinstance(value, list) or not all(isinstance(item, str) and item in names for item in value):
        raise _refusal(where, "roles cannot be read", _shape(value), "a list of " + ", ".join(sorted(names)))
    return frozenset(Role(item) for item in value)


def _bins(where: str, value: object) -> tuple[float, ...]:
    good = isinstance(value, list) and 0 < len(value) <= _MAX_BINS and all(_is_number(item) for item in value)
    edges = tuple(float(item) for item in value) if good and isinstance(value, list) else ()
    if not edges or any(low >= high for low, high in pairwise(edges)):
        raise _refusal(where, "bins cannot be read", _shape(value), f"1 to {_MAX_BINS} finite numbers in ascending order")
    return edges


def _decimals(where: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MAX_DECIMALS:
        raise _refusal(where, "decimals cannot be read", _shape(value), f"a whole number from 0 to {_MAX_DECIMALS}")
    return value


def _layout(where: str, value: object) -> str:
    if not isinstance(value, str) or not is_layout(value):
        raise _refusal(where, "the layout cannot be read", _shape(value), "%Y, %m and %d, and %H, %M, %S, %f if any, each once")
    return value


def _order(where: str, value: object) -> tuple[str, ...]:
    good = isinstance(value, list) and all(isinstance(item, str | int | float) for item in value)
    levels = tuple(str(item) for item in value) if good and isinstance(value, list) else ()
    if not are_levels(levels):
        raise _refusal(where, "order cannot be read", _shape(value), f"2 to {MAX_LEVELS} different values, lowest first")
    return levels


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST and math.isfinite(value)


def _check_keys(where: object, entry: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for key in entry:
        if key not in known:
            raise _refusal(where, f"there is no key {key[:_LINE]!r}", None, _options(key, known))


def _options(name: str, known: Iterable[str]) -> str:
    known = list(known)
    close = difflib.get_close_matches(name, known, n=3)
    return "perhaps " + " or ".join(map(repr, close)) if close else "one of " + ", ".join(known[:_SHOWN])


def _shape(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LINE else f"{type(value).__name__} of {len(text)} characters"


def _refusal(where: object, what: str, found: str | None, expected: str | None) -> SchemaFileError:
    return SchemaFileError(what, where=str(where), found=found, expected=expected, remedy="Correct the --schema file.")
