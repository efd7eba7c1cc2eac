"""A generator that lives in a worker, with the face of one that lives here."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assaymark.errors import OptionError, PluginFailedError
from assaymark.host.hooks import PROJECT
from assaymark.host.isolation.limits import ISOLATION, Limits
from assaymark.host.isolation.process import WorkerProcess
from assaymark.host.isolation.protocol import read_arrow, write_arrow
from assaymark.host.specs import PrivacyClaim
from assaymark.tables.schema_document import read_schema, schema_document

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from assaymark.execution import Run
    from assaymark.host.registry import Registered
    from assaymark.host.specs import Conditions, GeneratorSpec
    from assaymark.tables.schema import Schema
    from assaymark.tables.table import Table

_CHOICES = ("third-party", "all", "off")


def is_isolated(registered: Registered[GeneratorSpec]) -> bool:
    """Return whether a generator works in a process of its own: those of other distributions do, where the system can.

    Raises:
        OptionError: When the environment asks for something else than there is.
    """
    choice = os.environ.get(ISOLATION, _CHOICES[0])
    if choice not in _CHOICES:
        raise OptionError("isolation cannot be set so", where=ISOLATION, found=choice[:40], expected=", ".join(_CHOICES))
    distribution = registered.plugin.distribution
    if choice == "off" or distribution is None or not sys.platform.startswith("linux"):
        return False  # an object of this process has no other to live in; elsewhere there is no /proc to watch
    return choice == "all" or distribution != PROJECT


class IsolatedGenerator:
    """Fits in a worker."""

    def __init__(self, registered: Registered[GeneratorSpec], config: Mapping[str, Any]) -> None:
        self._registered, self._config = registered, dict(config)

    def fit(self, table: Table, schema: Schema, run: Run) -> IsolatedFitted:
        """Fit a table; see :class:`assaymark.host.specs.Generator`."""
        worker = WorkerProcess(self._registered.plugin, Limits.from_environment())
        write_arrow(table, worker.place / "table.arrow")
        spec = self._registered.spec
        request = {
            "do": "fit",
            "factory": spec.factory,
            "pinned": self._pinned(),
            "config_model": spec.config,
            "config": self._config,
            "table": "table.arrow",
            "schema": schema_document(schema),
            "run": _run(run),
        }
        return IsolatedFitted(worker, self._registered, worker.ask(request, run, run.budget))

    def load(self, folder: Path) -> IsolatedFitted:
        """Load a saved model in a worker."""
        worker = WorkerProcess(self._registered.plugin, Limits.from_environment())
        request = {
            "do": "load",
            "factory": self._registered.spec.factory,
            "pinned": self._pinned(),
            "folder": str(folder.resolve()),
        }
        return IsolatedFitted(worker, self._registered, worker.ask(request))

    def _pinned(self) -> list[str] | None:
        """Return distribution and digest that the worker must find, where a lock pins them."""
        plugin = self._registered.plugin
        return None if plugin.pinned is None else [str(plugin.distribution), plugin.pinned]


class IsolatedFitted:
    """A generator that has learned, in its worker; the worker ends with this object."""

    def __init__(self, worker: WorkerProcess, registered: Registered[GeneratorSpec], told: Mapping[str, Any]) -> None:
        self._worker, self._registered = worker, registered
        try:
            self._schema = read_schema(told["schema"])
            self._notes = tuple(str(note) for note in told["notes"])
            self._privacy = None if told["privacy"] is None else PrivacyClaim(**told["privacy"])
        except (KeyError, TypeError, ValueError) as error:
            raise _unusable(registered, f"what it tells of itself ({type(error).__name__})") from error

    @property
    def schema(self) -> Schema:
        """Schema of the tables that it samples."""
        return self._schema

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know."""
        return self._notes

    @property
    def privacy(self) -> PrivacyClaim | None:
        """Differential privacy that the fit spent, by its own account."""
        return self._privacy

    @property
    def offline(self) -> bool:
        """Whether the system kept it from the network."""
        return self._worker.offline

    def sample(self, rows: int, run: Run, where: Conditions | None = None) -> Iterator[Table]:
        """Yield batches; see :class:`assaymark.host.specs.Fitted`."""
        asked = None if where is None else dict(where)
        self._worker.ask({"do": "sample", "rows": rows, "where": asked, "run": _run(run)}, run)
        while True:
            name = self._worker.ask({"do": "next"}, run)["batch"]
            if name is None:
                return
            yield self._read(str(name))

    def _read(self, name: str) -> Table:
        import pyarrow as pa

        try:
            _refuse_folder(name)
            return read_arrow(self._worker.place / name, self._schema)
        except (OSError, KeyError, ValueError, pa.ArrowException) as error:
            raise _unusable(self._registered, f"a batch of other columns or kinds ({type(error).__name__})") from error

    def save(self, folder: Path) -> None:
        """Save the model.

        Raises:
            NotImplementedError: When the generator keeps no models.
        """
        if not self._worker.ask({"do": "save", "folder": str(folder.resolve())})["saved"]:
            raise NotImplementedError("the generator keeps no models")


def _refuse_folder(name: str) -> None:
    if Path(name).name != name:
        raise ValueError("a file outside of the worker's folder")


def _run(run: Run) -> dict[str, Any]:
    workdir = None if run.workdir is None else str(run.workdir.resolve())
    return {"seed": run.seed, "device": run.device, "workdir": workdir, "budget": run.budget}


def _unusable(registered: Registered[GeneratorSpec], found: str) -> PluginFailedError:
    return PluginFailedError(
        f"the plugin {registered.plugin.name} of {registered.plugin.origin} gives something that cannot be used",
        where=f"the generator {registered.spec.name}",
        found=found,
        remedy="Report this to the author of the plugin; `assaymark plugins check` finds such faults.",
    )
