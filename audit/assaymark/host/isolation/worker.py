"""``python -m assaymark.host.isolation.worker``: the process in which a generator fits and samples.

It reads requests from standard input and answers on the pipe whose number it is given. Whatever the plugin prints goes nowhere.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from assaymark.host.isolation.limits import forbid_network
from assaymark.host.isolation.protocol import EDITION, error_document, receive, send

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from assaymark.execution import Run
    from assaymark.tables.table import Table


@dataclass(slots=True)
class Worker:
    """The state of the process.

    Attributes:
        replies: Where it answers.
        place: Folder of the Arrow files.
        fitted: What was fitted or loaded; None before.
        batches: Batches that are being sampled.
        run: The run of the present request, which a signal cancels.
    """

    replies: IO[str]
    place: Path
    fitted: Any = None
    batches: Iterator[Table] | None = None
    run: Run | None = None
    made: int = field(default=0)

    def cancel(self, *_: object) -> None:
        """Cancel what is running."""
        if self.run is not None:
            self.run.cancelled.set()

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Do what is asked for, and return what to say."""
        done: dict[str, Any] = getattr(self, f"do_{request['do']}")(request)
        return done

    def do_fit(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Fit a table."""
        from assaymark.host.isolation.protocol import read_arrow
        from assaymark.host.registry import resolve
        from assaymark.tables.schema_document import read_schema

        _refuse_changed(request["pinned"])
        schema = read_schema(request["schema"])
        table = read_arrow(self.place / request["table"], schema)
        config = resolve(request["config_model"]).model_validate(request["config"])
        generator = resolve(request["factory"])(config)
        self.fitted = generator.fit(table, schema, self._run(request["run"]))
        return self._told()

    def do_load(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Load a saved model."""
        from assaymark.host.registry import resolve

        _refuse_changed(request["pinned"])
        self.fitted = resolve(request["factory"]).load(Path(request["folder"]))
        return self._told()

    def do_sample(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Begin to sample."""
        self.batches = iter(self.fitted.sample(request["rows"], self._run(request["run"]), request["where"]))
        return {}

    def do_next(self, _: Mapping[str, Any]) -> dict[str, Any]:
        """Write the next batch."""
        from assaymark.host.isolation.protocol import write_arrow

        batch = None if self.batches is None else next(self.batches, None)
        if batch is None:
            return {"batch": None}
        self.made += 1
        name = f"batch-{self.made}.arrow"
        write_arrow(batch, self.place / name)
        return {"batch": name}

    def do_save(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Save the model, if the generator keeps models."""
        try:
            self.fitted.save(Path(request["folder"]))
        except NotImplementedError:
            return {"saved": False}
        return {"saved": True}

    def _told(self) -> dict[str, Any]:
        """Return what a host may ask of a fitted generator."""
        from assaymark.tables.schema_document import schema_document

        claim = getattr(self.fitted, "privacy", None)
        return {
            "schema": schema_document(self.fitted.schema),
            "notes": [str(note) for note in getattr(self.fitted, "notes", ())],
            "privacy": None if claim is None else claim.document(),
        }

    def _run(self, request: Mapping[str, Any]) -> Run:
        from assaymark.execution import Run

        def progress(done: float, total: float, message: str = "") -> None:
            send(self.replies, {"progress": [done, total, message]})

        workdir = None if request["workdir"] is None else Path(request["workdir"])
        self.run = Run(request["seed"], request["device"], workdir, request["budget"], progress)
        return self.run


def _refuse_changed(pinned: list[str] | None) -> None:
    """Refuse code that has changed since the host held it against a lock; nothing of it has been imported yet."""
    from assaymark.errors import PluginLockError
    from assaymark.host.installed import plugin_digest

    if pinned is None or plugin_digest(pinned[0]) == pinned[1]:
        return
    raise PluginLockError(
        "the files of a plugin have changed since they were compared with the lock",
        where=pinned[0],
        remedy="Look at what changed them, and at `assaymark plugins list`.",
    )


def serve(worker: Worker, requests: IO[str]) -> None:
    """Answer requests until there are no more; an exception of the plugin is told by its type and place alone."""
    from assaymark.errors import AssaymarkError
    from assaymark.host.registry import place_of

    while (request := receive(requests)) is not None:
        try:
            reply: dict[str, Any] = {"done": worker.answer(request)}
        except AssaymarkError as error:
            reply = error_document(error)
        except BaseException as error:  # noqa: BLE001 - whatever a plugin raises, SystemExit included, is told and survived
            reply = {"broke": f"{type(error).__name__} {place_of(error)}".strip()}
        send(worker.replies, reply)


def main() -> None:
    """Set limits, say hello and serve."""
    number, place, network = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] == "network"
    replies = os.fdopen(number, "w", encoding="utf-8")
    requests = os.fdopen(os.dup(0), "r", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):  # what a plugin prints may hold rows, and belongs to nobody's results
        os.dup2(nowhere, standard)
    worker = Worker(replies, place)
    offline = False if network else forbid_network()
    signal.signal(signal.SIGTERM, worker.cancel)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the host's to pass on
    send(replies, {"hello": EDITION, "offline": offline})
    serve(worker, requests)


if __name__ == "__main__":
    main()
