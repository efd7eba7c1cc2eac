"""The generator under test: fitted once on tables with known properties, and watched in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from assaymark.execution import Run
from assaymark.host.isolation.environment import fresh_environment
from assaymark.host.registry import open_generator
from assaymark.tables.table import Table
from assaymark.testing.conformance.catalogue import Nonconformance
from assaymark.testing.tables import mixed_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from assaymark.host.registry import Registered
    from assaymark.host.specs import Fitted, GeneratorSpec

ROWS = 600  # of the table that most checks fit
SAMPLED = 300
TIMEOUT = 600.0  # seconds that the watched process may take


def watched_table(columns: list[str]) -> Table:
    """Return the table of most checks; a function of nothing, so that another process has it, too."""
    return mixed_table(ROWS, seed=1).select(columns)


@dataclass(frozen=True)
class Subject:
    """A generator under test.

    Attributes:
        registered: Its declaration, and the plugin that made it.
        folder: An empty folder for the kit's files.
        config: Settings that make fits short.
    """

    registered: Registered[GeneratorSpec]
    folder: Path
    config: Mapping[str, Any] = field(default_factory=dict)

    @property
    def spec(self) -> GeneratorSpec:
        """Its declaration."""
        return self.registered.spec

    @cached_property
    def table(self) -> Table:
        """600 rows of every kind of column that the generator says it learns."""
        return watched_table(self.learnt(mixed_table(ROWS, seed=1)))

    def learnt(self, table: Table) -> list[str]:
        """Return the columns of a table that the generator says it learns."""
        able = self.spec.capabilities
        return [
            column.name
            for column in table.schema
            if column.kind in able.kinds and (able.nulls or not table.column(column.name).null_count)
        ]

    def fit(self, table: Table, run: Run | None = None) -> Fitted:
        """Fit the generator anew."""
        return open_generator(self.registered, self.config, here=True).fit(table, table.schema, run or Run(0))

    def sample(self, fitted: Fitted, rows: int, seed: int = 0, where: Mapping[str, Any] | None = None) -> Table:
        """Return sampled rows as one table."""
        batches = list(fitted.sample(rows, Run(seed), where))
        return Table.concat(batches) if batches else self.table.take(self.nothing())

    @staticmethod
    def nothing() -> Any:
        """Return no row numbers."""
        import numpy as np

        return np.zeros(0, dtype=np.int64)

    @cached_property
    def fitted(self) -> Fitted:
        """The generator, fitted on :attr:`table`; checks do not change it."""
        return self.fit(self.table)

    @cached_property
    def sampled(self) -> Table:
        """300 rows that it makes with seed 0."""
        return self.sample(self.fitted, SAMPLED)

    @cached_property
    def saved(self) -> Path:
        """A folder with the saved model."""
        folder, fitted = self.folder / "model", self.fitted
        folder.mkdir(exist_ok=True)  # a save that broke is tried again by the next check that needs it
        fitted.save(folder)
        return folder

    def room(self, name: str) -> Path:
        """Return a new folder for a check."""
        folder = self.folder / name
        folder.mkdir()
        return folder

    @cached_property
    def observed(self) -> Mapping[str, Any]:
        """What a fresh process saw when it imported, fitted, sampled and loaded the generator.

        Raises:
            Nonconformance: When the process broke before it could tell.
        """
        place = self.room("watched")
        request = {
            "path": [*sys.path],
            "target": self.registered.plugin.target,
            "factory": self.spec.factory,
            "config_model": self.spec.config,
            "config": dict(self.config),
            "columns": list(self.table.names),
            "rows": SAMPLED,
            "place": str(place),
            "model": str(self.saved) if self.keeps else None,
        }
        told = place / "told.json"
        (place / "request.json").write_text(json.dumps(request), encoding="utf-8")
        command = [sys.executable, "-m", "assaymark.testing.conformance.watched", str(place / "request.json"), str(told)]
        (place / "cwd").mkdir()
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            command, env=fresh_environment(), cwd=place / "cwd", capture_output=True, text=True, check=False, timeout=TIMEOUT
        )
        if not told.exists():
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise Nonconformance(f"a fresh process ended with {done.returncode} before it was done: {last:.200}")
        found: dict[str, Any] = json.loads(told.read_text(encoding="utf-8"))
        return {**found, "stdout": done.stdout}

    @cached_property
    def keeps(self) -> bool:
        """Whether the generator saves its models; how it fails to is for the checks of persistence to tell."""
        try:
            return bool(self.saved)
        except Exception:  # noqa: BLE001 - whatever a plugin raises
            return False
