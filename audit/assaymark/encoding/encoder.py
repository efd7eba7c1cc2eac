"""The encoder of a whole table."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.encoding.columns import Codec, Coded, fit_codec
from assaymark.encoding.levels import COMMON
from assaymark.encoding.quantiles import CLIPPED
from assaymark.errors import ConditionError, FreeTextError, ModelFolderError
from assaymark.tables.labels import canonical
from assaymark.tables.schema import Column, Kind, Positive, Role, Schema
from assaymark.tables.table import Table

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

ENCODER_FILE = "encoder.json"
_FORMAT = "assaymark-encoder/1"
_SIZE_LIMIT = 256 * 2**20


@dataclass(frozen=True, slots=True)
class Encoded:
    """A table as numbers.

    Attributes:
        numbers: float32, shape (rows, len(number_names)): about standard normal scores, never missing.
        codes: int32, shape (rows, len(code_names)): column j lies in 0 … cardinalities[j] - 1.
        cardinalities: Number of codes of each code column, at least 1.
        number_names: Column of each score.
        code_names: Column of each code. A column with spikes or missing values among continuous values has both.
    """

    numbers: NDArray[np.float32]
    codes: NDArray[np.int32]
    cardinalities: tuple[int, ...]
    number_names: tuple[str, ...]
    code_names: tuple[str, ...]

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.codes)


class TableEncoder:
    """Turns tables of one schema into :class:`Encoded` and back.

    What it gives back is safe by construction: identifiers are made up, categories that fewer than ten rows hold are not
    produced, and continuous values lie between the tenth smallest and the tenth largest.
    """

    def __init__(self, schema: Schema, codecs: tuple[Codec, ...], digits: int) -> None:
        self.schema = schema
        self._codecs = codecs
        self._digits = digits
        self.number_names = tuple(codec.column.name for codec in codecs if codec.quantiles is not None)
        self.code_names = tuple(codec.column.name for codec in codecs if codec.levels is not None)
        self.cardinalities = tuple(max(codec.cardinality, 1) for codec in codecs if codec.levels is not None)
        self.ordered = tuple(codec.ordered for codec in codecs if codec.levels is not None)

    @classmethod
    def fit(cls, table: Table) -> TableEncoder:
        """Learn how to encode ``table``.

        Raises:
            FreeTextError: When the table has a free-text column.
        """
        text = [column.name for column in table.schema if column.kind is Kind.TEXT]
        if text:
            raise FreeTextError(
                "free text is never learned",
                where=", ".join(text),
                remedy="Leave the column out, by --drop on the command line.",
            )
        codecs = tuple(fit_codec(table, column) for column in table.schema.learnable)
        return cls(table.schema, codecs, len(str(table.rows)) + 1)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know of the encoding, one sentence each."""
        found = [codec.levels.note for codec in self._codecs if codec.levels is not None and codec.levels.note]
        if self.number_names:
            found.append(f"numbers lie between the {CLIPPED}th smallest and the {CLIPPED}th largest real value")
        return tuple(found)

    def encode(self, table: Table, rng: np.random.Generator) -> Encoded:
        """Encode a table of the same schema."""
        coded = [codec.encode(table, rng) for codec in self._codecs]
        scores = [each.scores for each in coded if each.scores is not None]
        codes = [each.codes for each in coded if each.codes is not None]
        return Encoded(
            np.column_stack(scores).astype(np.float32) if scores else np.zeros((table.rows, 0), dtype=np.float32),
            np.column_stack(codes).astype(np.int32) if codes else np.zeros((table.rows, 0), dtype=np.int32),
            self.cardinalities,
            self.number_names,
            self.code_names,
        )

    def decode(self, encoded: Encoded, rng: np.random.Generator, first_row: int = 0) -> Table:
        """Return the table that ``encoded`` stands for; ``first_row`` is where fresh identifiers go on counting."""
        numbers, codes = iter(encoded.numbers.T.astype(np.float64)), iter(encoded.codes.T)
        columns: dict[str, Any] = {}
        for codec in self._codecs:
            coded = Coded(
                next(codes) if codec.levels is not None else None, next(numbers) if codec.quantiles is not None else None
            )
            columns[codec.column.name] = _typed(codec.column, codec.decode(coded, rng))
        for column in self.schema:
            if column.kind is Kind.IDENTIFIER:
                columns[column.name] = [f"SYN-{first_row + row + 1:0{self._digits}d}" for row in range(encoded.rows)]
        return Table.from_columns(columns, self.schema)

    def code_of(self, column: str, value: Any) -> tuple[int, int]:
        """Return the code column and the code of a value, for conditions.

        Raises:
            ConditionError: When the column has no codes, or the value none of its own.
        """
        codec = next((codec for codec in self._codecs if codec.column.name == column), None)
        if codec is None or codec.levels is None or codec.quantiles is not None:
            raise ConditionError(
                "a condition needs a column of categories",
                where=column,
                expected="one of " + ", ".join(self.code_names[:30]),
                remedy="Condition on another column.",
            )
        for code, known in enumerate(codec.levels.values):
            known_value = bool(known) if codec.column.kind is Kind.BOOLEAN else known
            if canonical(known_value) == canonical(value):
                return self.code_names.index(column), code
        raise ConditionError(
            "the column has no such category",
            where=column,
            found=str(value)[:100],
            expected="one of " + ", ".join(str(known) for known in codec.levels.values[:30]),
            remedy=f"Name a category that at least {COMMON} rows hold.",
        )

    def save(self, folder: Path) -> None:
        """Write ``encoder.json`` into a folder."""
        document = {
            "format": _FORMAT,
            "digits": self._digits,
            "schema": _schema_document(self.schema),
            "codecs": {codec.column.name: codec.document() for codec in self._codecs},
        }
        (folder / ENCODER_FILE).write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> TableEncoder:
        """Read what :meth:`save` wrote.

        Raises:
            ModelFolderError: When the file is missing, damaged, or of another format.
        """
        path = folder / ENCODER_FILE
        try:
            document = _read_document(path)
            schema = _read_schema(document["schema"])
            codecs = tuple(Codec.read(column, document["codecs"][column.name]) for column in schema.learnable)
            return cls(schema, codecs, int(document["digits"]))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelFolderError(
                "the model folder cannot be read",
                where=str(path),
                found=f"{type(error).__name__}: {error}"[:200],
                expected=_FORMAT,
                remedy="Fit the model again.",
            ) from error


def _read_document(path: Path) -> Any:
    if path.stat().st_size > _SIZE_LIMIT:
        raise ValueError("too large")
    document = json.loads(path.read_text(encoding="utf-8"))
    if document["format"] != _FORMAT:
        raise ValueError(f"format {document['format']!r}")
    return document


def _typed(column: Column, values: Any) -> Any:
    if column.kind is Kind.INTEGER:
        import pyarrow as pa

        gaps = np.isnan(values)
        return pa.array(np.where(gaps, 0, values).astype(np.int64), mask=gaps)
    if column.kind is Kind.DATETIME:
        gaps = np.isnan(values)
        moments = np.where(gaps, 0, values).astype(np.int64).astype("datetime64[us]")
        moments[gaps] = np.datetime64("NaT")
        return moments
    return values


def _schema_document(schema: Schema) -> dict[str, Any]:
    positive = schema.positive
    return {
        "columns": [
            {
                "name": column.name,
                "kind": column.kind.value,
                "roles": sorted(role.value for role in column.roles),
                "bins": list(column.bins),
                "decimals": column.decimals,
                "layout": column.layout,
            }
            for column in schema
        ],
        "positive": None if positive is None else {"literal": positive.literal, "above": positive.above},
    }


def _read_schema(document: Any) -> Schema:
    columns = tuple(
        Column(
            str(entry["name"]),
            Kind(entry["kind"]),
            frozenset(Role(role) for role in entry["roles"]),
            tuple(float(edge) for edge in entry["bins"]),
            None if entry["decimals"] is None else int(entry["decimals"]),
            None if entry["layout"] is None else str(entry["layout"]),
        )
        for entry in document["columns"]
    )
    positive = document["positive"]
    return Schema(columns, None if positive is None else Positive(positive["literal"], positive["above"]))
