"""Generators that each do one thing wrong: the copula with one change, which exactly one check of the kit must find."""

from __future__ import annotations

import json
import pickle
import socket
import sys
from dataclasses import replace
from pathlib import Path
from threading import Event

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, model_validator

from assaymark.api import BATCH_ROWS, ConditionError, ModelFolderError, Run, Schema, Table
from assaymark_copula.config import CopulaConfig
from assaymark_copula.model import CopulaGenerator

WATCHED = "watched" in sys.argv[0]  # in the process that the kit starts, and nowhere else


class FittedMutant:
    """A fitted copula; the subclasses of the generator say what it does wrong."""

    def __init__(self, generator, fitted, table=None):
        self.generator, self.fitted, self.table = generator, fitted, table

    @property
    def schema(self):
        return self.generator.told_schema(self.fitted.schema)

    def sample(self, rows, run, where=None):
        run, where = self.generator.sampling(run, rows), self.generator.kept(where)
        for batch in self.fitted.sample(self.generator.count(rows), run, where):
            made = batch if where else self.generator.changed(batch, self.table)
            yield from self.generator.cut(made, rows)

    def save(self, folder):
        self.fitted.save(folder)
        self.generator.saved(folder, self.table)


class Mutant:
    """A copula that does nothing wrong."""

    def __init__(self, config):
        self.config = config

    def fit(self, table, schema, run):
        fitted = CopulaGenerator(CopulaConfig()).fit(table, schema, self.fitting(run))
        self.after(table)
        return FittedMutant(self, fitted, table)

    @classmethod
    def load(cls, folder):
        cls.look(folder)
        return FittedMutant(cls(None), CopulaGenerator.load(folder))

    def fitting(self, run):
        return run

    def after(self, table):
        """Do something else once a table was learned."""

    def sampling(self, run, rows):
        return run

    def count(self, rows):
        return rows

    def kept(self, where):
        return where

    def changed(self, batch, table):
        return batch

    def cut(self, made, rows):
        yield made

    def told_schema(self, schema):
        return schema

    def saved(self, folder, table):
        """Write something else beside a model."""

    @classmethod
    def look(cls, folder):
        """Refuse a folder."""


def put(table, column, value, rows=1):
    """Return a table with a value in the first rows of a column, where it has that column."""
    if column not in table.names:
        return table
    place = table.names.index(column)
    values = [value] * rows + table.column(column).to_pylist()[rows:]
    changed = table.arrow.set_column(place, table.arrow.schema.field(place), pa.array(values, table.arrow.schema.types[place]))
    return Table.from_arrow(changed, table.schema)


class OtherSchema(Mutant):
    def told_schema(self, schema):
        return Schema(tuple(schema)[::-1], schema.positive)


class OneRow(Mutant):
    def after(self, table):
        if table.rows == 1:
            raise ZeroDivisionError


class Types(Mutant):
    def changed(self, batch, table):
        if "age" not in batch.names:
            return batch
        place = batch.names.index("age")
        floats = batch.arrow.set_column(place, "age", batch.column("age").cast(pa.float64()))
        made = Table.from_arrow(batch.arrow, batch.schema)
        object.__setattr__(made, "arrow", floats)
        return made


class Rows(Mutant):
    def count(self, rows):
        return 8 if rows == 7 else rows


class Batches(Mutant):
    def cut(self, made, rows):
        if rows != BATCH_ROWS + 5 or made.rows < BATCH_ROWS:
            yield made
        else:
            half = np.arange(BATCH_ROWS // 2)
            yield from (made.take(half), made.take(half + BATCH_ROWS // 2))


class Input(Mutant):
    first = None

    def after(self, table):
        Input.first = Input.first or table
        if table is not Input.first and table.rows == 600 and "age" in table.names:
            object.__setattr__(table, "arrow", put(table, "age", 33, 400).arrow)


class Categories(Mutant):
    def changed(self, batch, table):
        return put(batch, "sex", "unheard of")


class Bounds(Mutant):
    def changed(self, batch, table):
        return put(batch, "age", 1000)


class Nulls(Mutant):
    def changed(self, batch, table):
        return put(batch, "age", None)


class Constant(Mutant):
    def changed(self, batch, table):
        return put(batch, "same", "y")


class Empty(Mutant):
    def changed(self, batch, table):
        return put(batch, "none", "filled")


class OneColumn(Mutant):
    def after(self, table):
        if table.names == ("n",):
            raise IndexError


class Wide(Mutant):
    def after(self, table):
        if len(table.names) == 60:
            raise MemoryError


class Many(Mutant):
    def after(self, table):
        if table.rows == 3000 and "word" in table.names:
            raise MemoryError


class Names(Mutant):
    def after(self, table):
        if any("'" in name for name in table.names):
            raise SyntaxError


class Again(Mutant):
    fits = 0

    def fit(self, table, schema, run):
        Again.fits += 1
        fitted = super().fit(table, schema, run)
        self.moved = Again.fits > 1
        return fitted

    moved = False

    def sampling(self, run, rows):
        return replace(run, seed=run.seed + 100) if self.moved else run


class Seedless(Mutant):
    def sampling(self, run, rows):
        return replace(run, seed=0)


class Process(Mutant):
    moved = False

    def after(self, table):
        self.moved = WATCHED

    def sampling(self, run, rows):
        return replace(run, seed=run.seed + 100) if self.moved else run


class Apart(Mutant):
    def sampling(self, run, rows):
        return replace(run, seed=run.seed + 100) if rows == BATCH_ROWS + 9 else run


class GlobalState(Mutant):
    def after(self, table):
        np.random.seed(0)  # noqa: NPY002 - that is what it does wrong


class Loaded(Mutant):
    def sampling(self, run, rows):
        return replace(run, seed=run.seed + 100) if self.config is None else run


class Pickled(Mutant):
    def saved(self, folder, table):
        (folder / "model.json").write_bytes(pickle.dumps([1, 2, 3], protocol=4))

    @classmethod
    def look(cls, folder):
        path = folder / "model.json"
        if not path.exists() or path.read_bytes() != pickle.dumps([1, 2, 3], protocol=4):
            raise ModelFolderError("damaged", remedy="Save it again.")


class Damaged(Mutant):
    last = None

    @classmethod
    def load(cls, folder):
        try:
            cls.last = super().load(folder)
        except ModelFolderError:
            return cls.last
        return cls.last

    def saved(self, folder, table):
        type(self).load(folder)


class Examples(Mutant):
    def saved(self, folder, table):
        (folder / "examples.json").write_text(json.dumps(table.take(np.arange(20)).arrow.to_pydict(), default=str))

    @classmethod
    def look(cls, folder):
        try:
            json.loads((folder / "examples.json").read_text())
        except (OSError, ValueError) as error:
            raise ModelFolderError("damaged", remedy="Save it again.") from error


class Keepless(Mutant):
    def saved(self, folder, table):
        raise NotImplementedError


class Unfit(Mutant):
    def after(self, table):
        raise ArithmeticError


class Deaf(Mutant):
    def fitting(self, run):
        return replace(run, cancelled=Event())


class Silent(Mutant):
    def fitting(self, run):
        return Run(run.seed, cancelled=run.cancelled)


class Debris(Mutant):
    def after(self, table):
        if WATCHED:
            Path("debris.txt").write_text("left behind")


class Phones(Mutant):
    def after(self, table):
        if WATCHED:
            try:
                socket.create_connection(("127.0.0.1", 9), timeout=0.1)
            except OSError:
                return


class Chatty(Mutant):
    def after(self, table):
        if WATCHED:
            print("epoch 1 of 1")


class Greedy(Mutant):
    def after(self, table):
        if WATCHED:
            self.held = np.ones(5 * 2**27)


class Forgets(Mutant):
    def kept(self, where):
        return {key: value for key, value in (where or {}).items() if value != "Female"} or None


class ForgetsRare(Mutant):
    def kept(self, where):
        return {key: value for key, value in (where or {}).items() if key != "flag"} or None


class Obliging(Mutant):
    def kept(self, where):
        if not where:
            return where
        try:
            list(self.table_sample(where))
        except ConditionError:
            return None
        return where

    def table_sample(self, where):
        return self.inner.sample(1, Run(0), where)

    def fit(self, table, schema, run):
        fitted = super().fit(table, schema, run)
        self.inner = fitted.fitted
        return fitted


class RareWord(Mutant):
    def changed(self, batch, table):
        return put(batch, "word", "rare") if batch.names == ("word",) else batch


class Extreme(Mutant):
    def changed(self, batch, table):
        return put(batch, "number", 1000.0)


class Identifier(Mutant):
    def changed(self, batch, table):
        return put(batch, "id", "person-0001")


class Copier(Mutant):
    def changed(self, batch, table):
        return table.take(np.arange(batch.rows)) if batch.names == ("a", "b", "c") else batch


class LosesFew(Mutant):
    def changed(self, batch, table):
        return put(batch, "group", "many", batch.rows)


class LosesOutcome(Mutant):
    def changed(self, batch, table):
        return put(batch, "outcome", "no", batch.rows)


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NeedySettings(BaseModel):
    model_config = ConfigDict(extra="forbid")
    needed: int


class LenientSettings(BaseModel):
    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def drop(cls, data):
        return {}
