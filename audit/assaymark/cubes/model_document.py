"""The tables of classifiers in ``cubes.json``, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.cubes.models import COMPARED, LABEL_CELLS, PAIR_CELLS, TRAINED_ON, ModelKey, ModelTables, fits_of, pairs_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from assaymark.cubes.fine import Group
    from assaymark.cubes.published import GroupTable

    Counts = NDArray[np.int64]

_SEED_LIMIT = 1000


def models_document(tables: ModelTables | None) -> dict[str, Any] | None:
    """Return the JSON-ready form of the tables of one scope."""
    if tables is None:
        return None
    return {
        "groups": [list(group) for group in tables.groups],
        "pooled": tables.pooled,
        "pooled_groups": [list(group) for group in tables.pooled_groups],
        "withheld": tables.withheld,
        "labels": [
            {"learner": key.learner, "trained_on": key.trained_on, "seed": key.seed, "counts": _rows(counts)}
            for key, counts in tables.labels.items()
        ],
        "pairs": [
            {"learner": learner, "trained_on": trained_on, "counts": _rows(counts)}
            for (learner, trained_on), counts in tables.pairs.items()
        ],
    }


def _rows(counts: Counts) -> list[list[int]]:
    return [[int(count) for count in row] for row in counts]


def read_models(
    entry: Any, read_group: Callable[[Any], Group], read_row: Callable[[Any, int], list[int]]
) -> ModelTables | None:
    """Return the tables of a parsed entry of :func:`models_document`.

    Args:
        entry: The entry.
        read_group: Reads one group, or raises ValueError or TypeError.
        read_row: Reads so many counts, or raises.

    Raises:
        KeyError, TypeError, ValueError: When it has another form.
    """
    if entry is None:
        return None
    groups = tuple(read_group(group) for group in entry["groups"])
    if len(set(groups)) != len(groups) or list(groups) != sorted(groups):
        raise ValueError("groups must be sorted and occur once")
    for name in ("pooled", "withheld"):
        if not isinstance(entry[name], bool):
            raise TypeError(f"{name} must be true or false")
    rows = len(groups) + entry["pooled"]
    labels = {_key(item): _counts(item, rows, len(LABEL_CELLS), read_row) for item in entry["labels"]}
    pairs = {(_name(item), _trained_on(item)): _counts(item, rows, len(PAIR_CELLS), read_row) for item in entry["pairs"]}
    if len(labels) != len(entry["labels"]) or len(pairs) != len(entry["pairs"]) or not set(pairs) <= set(pairs_of(labels)):
        raise ValueError("each classifier must occur once, and a pair must be of classifiers that occur")
    if entry["withheld"] and (labels or groups):
        raise ValueError("a withheld scope has no tables")
    _check_partners(labels)
    pooled_groups = tuple(read_group(group) for group in entry["pooled_groups"])
    return ModelTables(groups, entry["pooled"], pooled_groups, entry["withheld"], labels, pairs)


def _check_partners(labels: Mapping[ModelKey, Counts]) -> None:
    for key in labels:
        if key.trained_on in COMPARED and key.partner not in labels:
            raise ValueError("a classifier has no partner trained on real rows")


def _name(item: Mapping[str, Any]) -> str:
    if not isinstance(item["learner"], str):
        raise TypeError("a learner must be a text")
    return item["learner"]


def _trained_on(item: Mapping[str, Any]) -> str:
    if item["trained_on"] not in TRAINED_ON:
        raise ValueError("trained_on must be one of " + ", ".join(TRAINED_ON))
    return str(item["trained_on"])


def _key(item: Mapping[str, Any]) -> ModelKey:
    seed = item["seed"]
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < _SEED_LIMIT:
        raise ValueError("a seed must be a small whole number")
    return ModelKey(_name(item), _trained_on(item), seed)


def _counts(item: Mapping[str, Any], rows: int, cells: int, read_row: Callable[[Any, int], list[int]]) -> Counts:
    if not isinstance(item["counts"], list) or len(item["counts"]) != rows:
        raise ValueError(f"expected {rows} rows of counts")
    return np.array([read_row(row, cells) for row in item["counts"]], dtype=np.int64).reshape(rows, cells)


def contradictions(tables: ModelTables, holdout: GroupTable | None) -> Iterator[str]:
    """Yield in what the tables of one scope cannot be of the same rows, or not of rows of the holdout."""
    outcomes = [counts.reshape(-1, 2, 2).sum(axis=2) for counts in tables.labels.values()]
    if any(not np.array_equal(counts, outcomes[0]) for counts in outcomes):
        yield "its classifiers were not tested on the same rows"
    elif outcomes and (holdout is None or not _within(tables, outcomes[0], holdout)):
        yield "its classifiers were tested on rows that the holdout does not have"
    for (learner, trained_on), counts in tables.pairs.items():
        cube = counts.reshape(-1, 2, 2, 2)
        for axis, name in ((3, "real"), (2, trained_on)):
            single = sum(
                (tables.labels[key] for key in _seeds(tables, learner, trained_on, name)),
                np.zeros((len(counts), len(LABEL_CELLS)), dtype=np.int64),
            )
            if not np.array_equal(cube.sum(axis=axis).reshape(-1, len(LABEL_CELLS)), single):
                yield f"its pairs of {learner} trained on {trained_on} rows do not sum to its single tables"


def _within(tables: ModelTables, outcomes: Counts, holdout: GroupTable) -> bool:
    if not set(tables.groups) <= set(holdout.groups):
        return False
    whole = holdout.aligned(tables.groups)
    tested = outcomes if tables.pooled else np.vstack([outcomes, np.zeros((1, 2), dtype=np.int64)])
    same = int(tested.sum()) == int(whole.sum())
    return bool(np.array_equal(tested, whole) if same else (tested <= whole).all())


def _seeds(tables: ModelTables, learner: str, trained_on: str, name: str) -> list[ModelKey]:
    fits = fits_of(tables.labels, learner, trained_on)
    return [key.partner for key in fits] if name == "real" else list(fits)
