"""The encoder of a whole table."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.encoding.columns import Coarseness, Codec, Coded, Place, fit_codec
from assaymark.encoding.conditions import Given, as_number, is_scaled, no_such
from assaymark.encoding.levels import COMMON
from assaymark.encoding.quantiles import CLIPPED
from assaymark.encoding.splitting import Split, fit_splits, read_split
from assaymark.errors import ConditionError, FreeTextError, ModelFolderError, NothingToLearnError
from assaymark.formats import check_format
from assaymark.tables.labels import canonical
from assaymark.tables.schema import Column, Kind, Schema
from assaymark.tables.schema_document import read_schema, schema_document
from assaymark.tables.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

ENCODER_FILE = "encoder.json"
_FORMAT = "assaymark-encoder/2"
_EXCLUDING = 0.01  # conditions exclude each other when they meet so much less often than chance would have it
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

    def __init__(self, schema: Schema, codecs: tuple[Codec, ...], rows: int, splits: tuple[Split | None, ...]) -> None:
        self.schema = schema
        self._codecs = codecs
        self.rows = rows
        self._digits = len(str(rows)) + 1
        self._splits = splits
        coded = [(codec, split) for codec, split in zip(codecs, splits, strict=True) if codec.coded]
        self.number_names = tuple(codec.column.name for codec in codecs if codec.scored)
        self.code_names = tuple(codec.column.name for codec, split in coded for _ in (split.bases if split else (0,)))
        self.cardinalities = tuple(
            size for codec, split in coded for size in (split.bases if split else (max(codec.cardinality, 1),))
        )
        self.ordered = tuple(codec.ordered for codec, split in coded for _ in (split.bases if split else (0,)))

    @classmethod
    def fit(cls, table: Table, *, bins: int = 0, equal: int = 0, widest: int | None = None) -> TableEncoder:
        """Learn how to encode ``table``.

        Args:
            table: The table.
            bins: Most codes of a number whose rows mostly share their values; 0 to give it scores.
            equal: Bins of any other number; 0 to give it scores.
            widest: Most codes of a code column; a column with more becomes several code columns, as a numeral has several
                digits. None for no bound.

        Raises:
            FreeTextError: When the table has a free-text column.
            NothingToLearnError: When it has identifiers alone.
        """
        text = [column.name for column in table.schema if column.kind is Kind.TEXT]
        if text:
            raise FreeTextError(
                "free text is never learned",
                where=", ".join(text),
                remedy="Leave the column out, by --drop on the command line.",
            )
        if not table.schema.learnable:
            raise NothingToLearnError(
                "the table has no column to learn",
                found="identifiers alone",
                remedy="Say in a schema file (--schema) if one of them is no identifier.",
            )
        coarseness = Coarseness(bins, equal)
        codecs = tuple(fit_codec(table, column, coarseness) for column in table.schema.learnable)
        splits = fit_splits(table, codecs, widest)
        return cls(table.schema, codecs, table.rows, splits)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know of the encoding, one sentence each."""
        found = [codec.levels.note for codec in self._codecs if codec.levels is not None and codec.levels.note]
        if any(codec.quantiles is not None for codec in self._codecs):
            found.append(f"numbers lie between the {CLIPPED}th smallest and the {CLIPPED}th largest real value")
        return tuple(found)

    def encode(self, table: Table, rng: np.random.Generator) -> Encoded:
        """Encode a table of the same schema."""
        coded = [codec.encode(table, rng) for codec in self._codecs]
        scores = [each.scores for each in coded if each.scores is not None]
        codes = [
            digits
            for each, split in zip(coded, self._splits, strict=True)
            if each.codes is not None
            for digits in (split.digits(each.codes) if split else (each.codes,))
        ]
        return Encoded(
            np.column_stack(scores).astype(np.float32) if scores else np.zeros((table.rows, 0), dtype=np.float32),
            np.column_stack(codes).astype(np.int32) if codes else np.zeros((table.rows, 0), dtype=np.int32),
            self.cardinalities,
            self.number_names,
            self.code_names,
        )

    def decode(
        self, encoded: Encoded, rng: np.random.Generator, first_row: int = 0, exact: Mapping[str, float] | None = None
    ) -> Table:
        """Return the table that ``encoded`` stands for.

        Args:
            encoded: The rows.
            rng: Places values within what their codes leave open.
            first_row: Where fresh identifiers go on counting.
            exact: Numbers that columns have in every row, from :meth:`given`.
        """
        numbers, codes = iter(encoded.numbers.T.astype(np.float64)), iter(encoded.codes.T)
        columns: dict[str, Any] = {}
        for codec, split in zip(self._codecs, self._splits, strict=True):
            held = None
            if codec.coded:
                held = split.joined([next(codes) for _ in split.bases]) if split else next(codes)
            coded = Coded(held, next(numbers) if codec.scored else None)
            values = codec.decode(coded, rng)
            if exact and codec.column.name in exact:
                values = np.full(encoded.rows, exact[codec.column.name])
            columns[codec.column.name] = _typed(codec.column, values)
        for column in self.schema:
            if column.kind is Kind.IDENTIFIER:
                columns[column.name] = [f"SYN-{first_row + row + 1:0{self._digits}d}" for row in range(encoded.rows)]
        return Table.from_columns(columns, self.schema)

    def conditions(self, where: Mapping[str, Any]) -> list[tuple[int, int]]:
        """Return the (code column, code) pairs that hold in exactly the rows that ``where`` asks for.

        Raises:
            ConditionError: When a column is unknown, or a value has no code of its own; :meth:`given` takes numbers without.
        """
        given = self.given(where)
        for name, value in where.items():
            if name in given.exact:
                raise no_such(self.schema[name], value, "a value with a code of its own", COMMON)
        return list(given.codes)

    def given(self, where: Mapping[str, Any]) -> Given:
        """Return what ``where`` asks for: categories, numbers and dates.

        Raises:
            ConditionError: When a column is unknown, or no ten rows have a value, or of a number lie about it.
        """
        codes: list[tuple[int, int]] = []
        scores: list[tuple[int, float]] = []
        exact: dict[str, float] = {}
        share = 1.0
        for name, value in where.items():
            codec, split, place = self._place(name, value)
            if place.code is not None:
                first = self.code_names.index(name)
                code = np.array([place.code], dtype=np.int32)
                codes += [(first + turn, int(digit[0])) for turn, digit in enumerate(split.digits(code) if split else (code,))]
            if place.score is not None:
                scores.append((self.number_names.index(name), place.score))
                share *= place.share
            if not place.own:
                exact[name] = as_number(codec.column, value)
        return Given(tuple(codes), tuple(scores), exact, share)

    def refuse_contradiction(self, where: Mapping[str, Any], together: float) -> None:
        """Refuse conditions that hardly ever hold together, which a model could only make up.

        Args:
            where: The conditions.
            together: How likely a model thinks that a row meets all of them.

        Raises:
            ConditionError: When fewer than ten rows of the learned table would, and they exclude each other.
        """
        apart = math.prod(self._place(name, value)[2].share for name, value in where.items())
        if len(where) > 1 and together * self.rows < COMMON and together < _EXCLUDING * apart:
            raise ConditionError(
                "the conditions contradict each other",
                where=", ".join(where),
                expected=f"conditions that at least {COMMON} rows meet together",
                remedy="Leave one of them out.",
            )

    def code_of(self, column: str, value: Any) -> tuple[int, int]:
        """Return the code column and the code of a value in a column that is not split; raises like :meth:`conditions`."""
        return self.conditions({column: value})[0]

    def _place(self, name: str, value: Any) -> tuple[Codec, Split | None, Place]:
        for codec, split in zip(self._codecs, self._splits, strict=True):
            if codec.column.name != name:
                continue
            known = codec.known()
            if is_scaled(codec.column):
                place = codec.place(as_number(codec.column, value))
            else:
                code = next((code for each, code in known if canonical(each) == canonical(value)), None)
                place = None if code is None else Place(code, None, codec.share(code), own=True)
            if place is None:
                expected = ", ".join(_shown(codec.column, each) for each, _ in known[:30])
                raise no_such(codec.column, value, f"one of {expected}" if expected else "another value", COMMON)
            return codec, split, place
        raise ConditionError(
            "a condition names a column that is not learned",
            where=name,
            expected="one of " + ", ".join([codec.column.name for codec in self._codecs][:30]),
            remedy="Condition on another column.",
        )

    def save(self, folder: Path) -> None:
        """Write ``encoder.json`` into a folder."""
        document = {
            "format": _FORMAT,
            "rows": self.rows,
            "schema": schema_document(self.schema),
            "codecs": {codec.column.name: codec.document() for codec in self._codecs},
            "splits": {
                codec.column.name: split.document() for codec, split in zip(self._codecs, self._splits, strict=True) if split
            },
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
            schema = read_schema(document["schema"])
            codecs = tuple(Codec.read(column, document["codecs"][column.name]) for column in schema.learnable)
            splits = tuple(read_split(document["splits"].get(codec.column.name), codec) for codec in codecs)
            return cls(schema, codecs, int(document["rows"]), splits)
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
    check_format(document["format"], _FORMAT, str(path))
    return document


def _shown(column: Column, value: Any) -> str:
    return (
        str(np.datetime64(int(value), "us"))
        if column.kind is Kind.DATETIME
        else f"{value:g}"
        if is_scaled(column)
        else str(value)
    )


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
