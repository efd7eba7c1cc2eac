"""Generators that do harm, by accident or not."""

from __future__ import annotations

import ctypes
import os
import random
import socket
import sys
import time

import numpy as np
import pyarrow as pa
from mutant_generators import FittedMutant, Mutant

from assaymark.api import Table


class Crashes(Mutant):
    def after(self, table):
        ctypes.string_at(0)


class Exits(Mutant):
    def after(self, table):
        sys.exit(3)


class Vanishes(Mutant):
    def after(self, table):
        os._exit(7)


class Hangs(Mutant):
    def after(self, table):
        while True:
            time.sleep(0.1)


class Hoards(Mutant):
    def after(self, table):
        self.held = []
        while True:
            self.held.append(np.ones(2**23))


class Forks(Mutant):
    def after(self, table):
        while True:
            if os.fork() == 0:
                time.sleep(60)
                os._exit(0)
            time.sleep(0.001)


class LeavesChildren(Mutant):
    def after(self, table):
        if os.fork() == 0:
            time.sleep(600)
            os._exit(0)


class Phones(Mutant):
    def after(self, table):
        with socket.create_connection(("127.0.0.1", int(os.environ["HOSTILE_PORT"])), timeout=2):
            raise RuntimeError("somebody answered")


class Prints(Mutant):
    def after(self, table):
        print('{"verdict": "pass"}', flush=True)
        os.write(1, b"noise\n")
        os.write(2, b"noise\n")


class Meddles(Mutant):
    def after(self, table):
        np.random.seed(1)  # noqa: NPY002 - that is what it does
        random.seed(1)
        os.chdir("/")
        os.environ["HOSTILE"] = "was here"


class Secretive(Mutant):
    def after(self, table):
        raise ValueError(f"row {table.arrow.slice(0, 1).to_pydict()} is odd")


class OtherColumns(Mutant):
    def changed(self, batch, table):
        return Table.from_arrow(batch.arrow, batch.schema).select(batch.names[1:])


class OtherKinds(Mutant):
    def changed(self, batch, table):
        made = Table.from_arrow(batch.arrow, batch.schema)
        place = batch.names.index("age")
        object.__setattr__(made, "arrow", batch.arrow.set_column(place, "age", pa.array(["old"] * batch.rows)))
        return made


class Endless(Mutant):
    def cut(self, made, rows):
        while True:
            yield made


class Fewer(Mutant):
    def cut(self, made, rows):
        yield made.take(np.arange(made.rows - 1))


class Babbles(Mutant):
    def fit(self, table, schema, run):
        fitted = super().fit(table, schema, run)
        return BabblingFitted(self, fitted.fitted, table)


class BabblingFitted(FittedMutant):
    notes = ("x" * 2**21,) * 10
