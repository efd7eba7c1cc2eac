"""The copula generator: ranks cut into cells, and a network of checkerboard copulas over the cells.

Every column is put on the scale of its own ranks (Sklar, 1959), where the dependence is estimated as a piecewise constant
density on a grid: the empirical checkerboard copula (Carley & Taylor, 2002). Of many columns, each is given at most a few
others, as in a network of conditional distributions.
"""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from assaymark.api import (
    BATCH_ROWS,
    ConditionError,
    Encoded,
    ModelFolderError,
    Role,
    Schema,
    Table,
    TableEncoder,
    check_format,
)
from assaymark_copula.cells import Variable, to_encoded, to_values, variables_of
from assaymark_copula.network import Learner, Node

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from assaymark.api import Given, Run
    from assaymark_copula.config import CopulaConfig

_FORMAT = "assaymark-copula/2"
_MODEL_FILE, _TABLES_FILE = "copula.json", "copula.npz"
_ROWS_A_CELL = 250  # of a table, for each cell of a column that another one depends on first
_ROUNDS = 200  # rounds of rejection before a condition is given up


class CopulaGenerator:
    """Learns a checkerboard copula network."""

    def __init__(self, config: CopulaConfig) -> None:
        self.config = config

    def fit(self, table: Table, schema: Schema, run: Run) -> FittedCopula:
        """Learn ``table``; every choice depends on the data and ``run.seed`` alone."""
        encoder = TableEncoder.fit(table)
        encoded = encoder.encode(table, run.rng("encode"))
        first = max(self.config.parent_cells, table.rows // _ROWS_A_CELL)
        variables = variables_of(encoder, self.config.cells, self.config.parent_cells, first)
        values = [to_values(variable, encoded) for variable in variables]

        def step(done: int) -> None:
            run.check()
            run.progress(done, len(variables), "columns")

        nodes = Learner(variables, values, self.config.parents, self.config.smoothing).learn(_anchors(schema, variables), step)
        run.progress(len(variables), len(variables), "columns")
        return FittedCopula(encoder, variables, tuple(nodes))

    @classmethod
    def load(cls, folder: Path) -> FittedCopula:
        """Read a saved model.

        Raises:
            ModelFolderError: When it is missing, damaged or of another format.
        """
        return FittedCopula.load(folder)


def _anchors(schema: Schema, variables: Sequence[Variable]) -> list[int]:
    """Return the target and the protected columns: sampled first, and protected ones given the target.

    So that selection rates by group, which the audit is about, are kept as they are, be they fair or not.
    """
    names = [column.name for column in schema.with_role(Role.TARGET)]
    names += [column.name for column in schema.with_role(Role.PROTECTED)]
    places = {variable.name: place for place, variable in enumerate(variables)}
    return [places[name] for name in dict.fromkeys(names) if name in places]


class FittedCopula:
    """A learned network."""

    def __init__(self, encoder: TableEncoder, variables: tuple[Variable, ...], nodes: tuple[Node, ...]) -> None:
        self._encoder = encoder
        self._variables = variables
        self._nodes = nodes

    @property
    def schema(self) -> Schema:
        """Schema of the sampled tables."""
        return self._encoder.schema

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know."""
        return self._encoder.notes

    def sample(self, rows: int, run: Run, where: Mapping[str, Any] | None = None) -> Iterator[Table]:
        """Yield batches; see the plugin API.

        Raises:
            ConditionError: When ``where`` names an unknown column or value, or conditions that hardly ever hold together.
        """
        given = self._encoder.given(where or {})
        fixed = self._fixed(given)
        for batch, start in enumerate(range(0, rows, BATCH_ROWS)):
            run.check()
            size = min(BATCH_ROWS, rows - start)
            rng = run.rng("sample", batch)
            encoded = self._accepted(size, rng, fixed, where or {}) if fixed else self._draw(size, rng)[0]
            yield self._encoder.decode(encoded, rng, first_row=start, exact=given.exact)

    def _fixed(self, given: Given) -> dict[int, int]:
        """Return the values of the variables that conditions fix."""
        codes, scores = dict(given.codes), dict(given.scores)
        fixed = {}
        for place, variable in enumerate(self._variables):
            if variable.number in scores:
                fixed[place] = variable.cell_of(scores[variable.number])
            elif variable.code in codes:
                fixed[place] = codes[variable.code]
        return fixed

    def _draw(self, rows: int, rng: np.random.Generator, given: Mapping[int, int] | None = None) -> tuple[Encoded, Any]:
        """Return rows in which the variables of ``given`` have their values, and how likely those are given their parents."""
        values: list[Any] = [None] * len(self._variables)
        likely = np.ones(rows)
        for node in self._nodes:
            draws = rng.random(rows)
            parents = [self._variables[place].coarse(values[place], first=turn == 0) for turn, place in enumerate(node.parents)]
            if given and node.variable in given:
                values[node.variable] = np.full(rows, given[node.variable], dtype=np.int64)
                likely *= node.probability(parents, given[node.variable], rows)
            else:
                values[node.variable] = node.sample(parents, draws)
        return to_encoded(self._variables, values, self._encoder, rng), likely

    def _accepted(self, rows: int, rng: np.random.Generator, given: Mapping[int, int], where: Mapping[str, Any]) -> Encoded:
        """Return rows that meet a condition, by rejection.

        The condition is put in where the network reaches its columns, and a row is accepted in proportion to how likely that
        was given the row so far: this is exact (Fung & Chang, 1990, with rejection for their weights), and needs no luck where
        the condition stands at the front.
        """
        most = float(np.prod([node.most_probable(given[node.variable]) for node in self._nodes if node.variable in given]))
        kept: list[Encoded] = []
        found = 0
        for _ in range(_ROUNDS if most > 0 else 0):
            drawn, likely = self._draw(BATCH_ROWS, rng, given)
            self._encoder.refuse_contradiction(where, float(likely.mean()))
            good = np.flatnonzero(rng.random(BATCH_ROWS) * most < likely)
            kept.append(_rows(drawn, good))
            found += len(good)
            if found >= rows:
                return _rows(_stack(kept), np.arange(rows))
        raise ConditionError(
            "the conditions contradict each other, or hold too rarely together to sample",
            found=f"{found} of {rows} rows in {_ROUNDS * BATCH_ROWS} draws",
            remedy="Ask for fewer rows, or for a condition that more real rows meet.",
        )

    def save(self, folder: Path) -> None:
        """Write the model into a folder as JSON and npz."""
        self._encoder.save(folder)
        document = {
            "format": _FORMAT,
            "cells": [[v.cells, v.parent_cells, v.first_cells] for v in self._variables],
            "nodes": [{"variable": node.variable, "parents": list(node.parents)} for node in self._nodes],
        }
        (folder / _MODEL_FILE).write_text(json.dumps(document), encoding="utf-8")
        np.savez(folder / _TABLES_FILE, *(node.cumulative for node in self._nodes))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote; see :meth:`CopulaGenerator.load`."""
        encoder = TableEncoder.load(folder)
        try:
            variables, nodes = _read(folder, encoder)
        except (OSError, ValueError, KeyError, TypeError, IndexError, EOFError, zipfile.BadZipFile) as error:
            raise ModelFolderError(
                "the model folder cannot be read",
                where=str(folder),
                found=f"{type(error).__name__}: {error}"[:200],
                expected=_FORMAT,
                remedy="Fit the model again.",
            ) from error
        return cls(encoder, variables, nodes)


def _read(folder: Path, encoder: TableEncoder) -> tuple[tuple[Variable, ...], tuple[Node, ...]]:
    document = json.loads((folder / _MODEL_FILE).read_text(encoding="utf-8"))
    check_format(document["format"], _FORMAT, str(folder / _MODEL_FILE))
    with (folder / _TABLES_FILE).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        tables = {name: np.asarray(arrays[name], dtype=np.float64) for name in arrays.files}
    variables = _read_variables(encoder, document["cells"])
    nodes = tuple(_read_node(entry, tables[f"arr_{place}"], variables) for place, entry in enumerate(document["nodes"]))
    _check_order(nodes, variables)
    return variables, nodes


def _rows(encoded: Encoded, places: Any) -> Encoded:
    return Encoded(
        encoded.numbers[places], encoded.codes[places], encoded.cardinalities, encoded.number_names, encoded.code_names
    )


def _stack(parts: list[Encoded]) -> Encoded:
    first = parts[0]
    return Encoded(
        np.concatenate([part.numbers for part in parts]),
        np.concatenate([part.codes for part in parts]),
        first.cardinalities,
        first.number_names,
        first.code_names,
    )


def _read_variables(encoder: TableEncoder, cells: list[list[int]]) -> tuple[Variable, ...]:
    plain = variables_of(encoder, 2, 2, 2)
    if len(plain) != len(cells):
        raise ValueError("the number of columns differs")
    return tuple(
        Variable(v.name, v.code, v.number, v.codes, int(fine), int(coarse), int(first))
        for v, (fine, coarse, first) in zip(plain, cells, strict=True)
    )


def _read_node(entry: Mapping[str, Any], cumulative: Any, variables: tuple[Variable, ...]) -> Node:
    variable, parents = int(entry["variable"]), tuple(int(place) for place in entry["parents"])
    shape = tuple(variables[place].parent_size(first=turn == 0) for turn, place in enumerate(parents))
    expected = (int(np.prod(shape)), variables[variable].size)
    if cumulative.shape != expected or not np.isfinite(cumulative).all():
        raise ValueError(f"table of shape {cumulative.shape}, expected {expected}")
    return Node(variable, parents, shape, cumulative)


def _check_order(nodes: tuple[Node, ...], variables: tuple[Variable, ...]) -> None:
    seen: set[int] = set()
    for node in nodes:
        if not set(node.parents) <= seen:
            raise ValueError("a column comes before its parents")
        seen.add(node.variable)
    if len(nodes) != len(variables) or seen != set(range(len(variables))):
        raise ValueError("a column is missing")
