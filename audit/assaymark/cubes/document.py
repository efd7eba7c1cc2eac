"""The file of the published cubes, ``cubes.json``, and back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.cubes.fine import OUTCOMES, Group
from assaymark.cubes.model_document import models_document, read_models
from assaymark.cubes.models import LABEL_CELLS, PAIR_CELLS
from assaymark.cubes.published import ClassTables, GroupTable, PublishedCubes, Scope, ScopeCubes, StrataCubes
from assaymark.errors import ReleaseError

if TYPE_CHECKING:
    from collections.abc import Mapping

CUBES_SCHEMA = "assaymark-cubes/1"
_CELLS = {"outcome": list(OUTCOMES), "labels": list(LABEL_CELLS), "pairs": list(PAIR_CELLS)}
_COUNT_LIMIT = 2**53


def cubes_document(cubes: PublishedCubes) -> dict[str, Any]:
    """Return the JSON-ready form of the cubes."""
    return {
        "schema": CUBES_SCHEMA,
        "target": cubes.target,
        "positive": cubes.positive,
        "cells": _CELLS,
        "target_missing": dict(cubes.target_missing),
        "scopes": [_scope_document(scope) for scope in cubes.scopes],
        "withheld": [{"protected": list(scope), "reason": reason} for scope, reason in cubes.withheld.items()],
        "strata": [
            {
                "column": strata.column,
                "total": _scope_document(strata.total),
                "inner": [_scope_document(scope) for scope in strata.inner],
            }
            for strata in cubes.strata
        ],
        "strata_withheld": [{"column": column, "reason": reason} for column, reason in cubes.strata_withheld.items()],
    }


def _scope_document(scope: ScopeCubes) -> dict[str, Any]:
    return {
        "protected": list(scope.protected),
        "real": _table(scope.real),
        "synthetic": _table(scope.synthetic),
        "holdout": None if scope.holdout is None else _table(scope.holdout),
        "models": models_document(scope.models),
        "samples": [_table(table) for table in scope.samples],
        "classes": None if scope.classes is None else _classes(scope.classes),
    }


def _table(table: GroupTable) -> dict[str, Any]:
    return {
        "groups": [
            {"group": list(group), "counts": [int(count) for count in row]}
            for group, row in zip(table.groups, table.counts, strict=True)
        ],
        "pooled": None if table.pooled is None else [int(count) for count in table.pooled],
        "pooled_groups": [list(group) for group in table.pooled_groups],
        "withheld": table.withheld,
    }


def _classes(classes: ClassTables) -> dict[str, Any]:
    return {
        "cells": [list(cell) for cell in classes.cells],
        "ordered": classes.ordered,
        "other": classes.other,
        "real": _table(classes.real),
        "synthetic": _table(classes.synthetic),
        "holdout": None if classes.holdout is None else _table(classes.holdout),
        "reason": classes.reason,
    }


def read_cubes(document: Any) -> PublishedCubes:
    """Return the cubes of a parsed ``cubes.json``.

    Raises:
        ReleaseError: When it does not have the form of :func:`cubes_document`.
    """
    try:
        if document["schema"] != CUBES_SCHEMA or document["cells"] != _CELLS:
            raise _malformed(f"schema {document['schema']!r}")
        scopes = tuple(_read_scope(entry) for entry in document["scopes"])
        strata = tuple(_read_strata(entry, {scope.protected for scope in scopes}) for entry in document["strata"])
        cubes = PublishedCubes(
            _text(document["target"]),
            _text(document["positive"]),
            scopes,
            {_text(name): _count(value) for name, value in document["target_missing"].items()},
            {_scope(entry["protected"]): _text(entry["reason"]) for entry in document["withheld"]},
            strata,
            {_text(entry["column"]): _text(entry["reason"]) for entry in document["strata_withheld"]},
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise _malformed(f"{type(error).__name__} at {error}") from error
    if cubes_document(cubes) != document:
        raise _malformed("an entry that the form does not have")
    return cubes


def _malformed(found: str) -> ReleaseError:
    return ReleaseError(
        "the published cubes do not have the expected form",
        where="cubes.json",
        found=found,
        expected=CUBES_SCHEMA,
        remedy="Ask for the release again, or verify it with the version of Assaymark that made it.",
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected a text, found {type(value).__name__}")
    return value


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _COUNT_LIMIT:
        raise ValueError("expected a whole number of rows")
    return value


def _scope(value: Any) -> Scope:
    return tuple(_text(name) for name in value)


def _read_strata(entry: Mapping[str, Any], scopes: set[Scope]) -> StrataCubes:
    column, total = _text(entry["column"]), _read_scope(entry["total"])
    inner = tuple(_read_scope(scope) for scope in entry["inner"])
    if total.protected != (column,):
        raise ValueError("the table of a stratum column must be by that column")
    for scope in inner:
        if scope.protected[1:] != (column,) or scope.protected[:1] not in scopes:
            raise ValueError("a table within strata must be by an attribute and the stratum column")
        for name in ("real", "synthetic"):
            if not _fits(getattr(scope, name), getattr(total, name)):
                raise ValueError("a table within strata must fit the strata's totals")
    return StrataCubes(column, total, inner)


def _fits(inner: GroupTable, total: GroupTable) -> bool:
    """Return whether the groups of each stratum are no more than the stratum, and all rows are as many."""
    sums = {stratum: np.zeros(len(OUTCOMES), dtype=np.int64) for stratum in total.groups}
    for group, counts in zip(inner.groups, inner.counts, strict=True):
        if group[1:] in sums:
            sums[group[1:]] += counts
    within = all((sums[stratum] <= counts).all() for stratum, counts in zip(total.groups, total.counts, strict=True))
    hidden = inner.withheld or total.withheld
    return within and (hidden or np.array_equal(inner.cells.sum(axis=0), total.cells.sum(axis=0)))


def _read_scope(entry: Mapping[str, Any]) -> ScopeCubes:
    protected = _scope(entry["protected"])
    width = len(protected)
    return ScopeCubes(
        protected,
        _read_table(entry["real"], width, len(OUTCOMES)),
        _read_table(entry["synthetic"], width, len(OUTCOMES)),
        None if entry["holdout"] is None else _read_table(entry["holdout"], width, len(OUTCOMES)),
        read_models(entry["models"], partial(_group, attributes=width), _row),
        samples=tuple(_read_table(table, width, len(OUTCOMES)) for table in entry["samples"]),
        classes=None if entry["classes"] is None else _read_classes(entry["classes"], width),
    )


def _read_classes(entry: Mapping[str, Any], attributes: int) -> ClassTables:
    cells = tuple(_scope(cell) for cell in entry["cells"])
    named = [label for cell in cells for label in cell]
    if len(set(named)) != len(named) or not all(cells):
        raise ValueError("each class must be in one cell")
    if not isinstance(entry["ordered"], bool) or not isinstance(entry["other"], bool):
        raise TypeError("ordered and other must be true or false")
    width = len(cells) + entry["other"]
    return ClassTables(
        cells,
        entry["ordered"],
        entry["other"],
        _read_table(entry["real"], attributes, width),
        _read_table(entry["synthetic"], attributes, len(cells) + 1),
        None if entry["holdout"] is None else _read_table(entry["holdout"], attributes, width),
        None if entry["reason"] is None else _text(entry["reason"]),
    )


def _read_table(entry: Mapping[str, Any], attributes: int, cells: int) -> GroupTable:
    groups = tuple(_group(item["group"], attributes) for item in entry["groups"])
    if len(set(groups)) != len(groups) or list(groups) != sorted(groups):
        raise ValueError("groups must be sorted and occur once")
    counts = np.array([_row(item["counts"], cells) for item in entry["groups"]], dtype=np.int64).reshape(len(groups), cells)
    pooled = entry["pooled"]
    if not isinstance(entry["withheld"], bool):
        raise TypeError("withheld must be true or false")
    return GroupTable(
        groups,
        counts,
        None if pooled is None else np.array(_row(pooled, cells), dtype=np.int64),
        tuple(_group(group, attributes) for group in entry["pooled_groups"]),
        entry["withheld"],
    )


def _group(value: Any, attributes: int) -> Group:
    group = _scope(value)
    if len(group) != attributes:
        raise ValueError("a group must have one label an attribute")
    return group


def _row(value: Any, cells: int) -> list[int]:
    if not isinstance(value, list) or len(value) != cells:
        raise ValueError(f"expected {cells} counts")
    return [_count(count) for count in value]
