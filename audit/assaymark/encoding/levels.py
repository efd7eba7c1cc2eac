"""Categories as codes: rare ones are pooled and never produced again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

COMMON = 10  # rows that a category needs to be produced; with fewer it could point at a person
_FALLBACK = 2  # what texts of a small table, nearly all of which are rare, must make do with; never one person's alone
_ENOUGH = 0.5  # share of rows that the kept categories must cover


@dataclass(frozen=True, slots=True)
class Levels:
    """The categories of a column.

    Codes are 0 … kept - 1 for the kept categories, then one for all rare ones together if there are any, then one for missing
    values if there are any.

    Attributes:
        values: Kept categories: texts, Booleans as 0 and 1, or numbers; sorted.
        weights: Rows of each kept category.
        rare: Whether there is a code for rare ones.
        missing: Whether there is a code for missing values.
        note: What the user should know; None for nothing.
    """

    values: tuple[Any, ...]
    weights: tuple[int, ...]
    rare: bool
    missing: bool
    note: str | None = None

    @property
    def cardinality(self) -> int:
        """Number of codes."""
        return len(self.values) + self.rare + self.missing

    def codes(self, present: NDArray[np.int32], values: tuple[Any, ...]) -> NDArray[np.int32]:
        """Return the codes of a column given as indices into ``values``, -1 where missing.

        Unknown values count as rare; where there is no code for that, as the most common category.
        """
        place = {value: code for code, value in enumerate(self.values)}
        other = len(self.values) if self.rare else int(np.argmax(self.weights)) if self.weights else 0
        gap = self.cardinality - 1 if self.missing else other
        lookup = np.array([*(place.get(value, other) for value in values), gap], dtype=np.int32)
        return lookup[present]

    def kept(self, codes: NDArray[np.int32], rng: np.random.Generator) -> NDArray[np.int64]:
        """Return an index into ``values`` for each code, -1 for a missing value.

        The code of rare categories is drawn again among the kept ones by their frequency.
        """
        found = codes.astype(np.int64)
        if self.missing:
            found[codes == self.cardinality - 1] = -1
        if self.rare:
            places = np.flatnonzero(codes == len(self.values))
            draws = rng.random(len(places))  # drawn even when there is nothing to choose, so that the stream stays aligned
            if not self.values:
                found[places] = -1
            elif len(places):
                edges = np.cumsum(self.weights) / sum(self.weights)
                found[places] = np.minimum(np.searchsorted(edges, draws, side="right"), len(self.values) - 1)
        return found

    def document(self) -> dict[str, Any]:
        """Return the JSON-ready form."""
        return {
            "values": list(self.values),
            "weights": list(self.weights),
            "rare": self.rare,
            "missing": self.missing,
            "note": self.note,
        }

    @classmethod
    def read(cls, document: Any) -> Levels:
        """Return what :meth:`document` wrote.

        Raises:
            ValueError: When it does not have that form.
        """
        values, weights = tuple(document["values"]), tuple(int(weight) for weight in document["weights"])
        if len(values) != len(weights) or len(set(values)) != len(values) or min(weights, default=1) < 1:
            raise ValueError("malformed levels")
        note = document["note"]
        return cls(values, weights, bool(document["rare"]), bool(document["missing"]), None if note is None else str(note))


def fit_levels(name: str, present: NDArray[np.int32], values: tuple[Any, ...]) -> Levels:
    """Choose the categories of a column that may be produced again.

    Args:
        name: The column's name, for the note.
        present: Index into ``values`` for each row, -1 where missing; shape (rows,).
        values: Distinct values, sorted.
    """
    counts = np.bincount(present[present >= 0], minlength=len(values))
    total, least = int(counts.sum()), COMMON
    texts = all(isinstance(value, str) for value in values)
    if texts and total and counts[counts >= COMMON].sum() < _ENOUGH * total:
        least = _FALLBACK
    keep = np.flatnonzero(counts >= least)
    dropped = int((counts > 0).sum()) - len(keep)
    note = None
    if dropped and not len(keep):
        note = f"{name}: no value is held by {least} rows, so none is produced"
    elif least < COMMON:
        note = f"{name}: too few rows a category to keep only those that {COMMON} rows hold; kept those that {least} hold"
    elif dropped:
        note = f"{name}: categories that fewer than {COMMON} rows hold are not produced"
    return Levels(
        tuple(values[code] for code in keep),
        tuple(int(counts[code]) for code in keep),
        bool(dropped),
        bool((present < 0).any()),
        note,
    )
