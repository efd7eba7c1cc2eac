"""``python -m assaymark.testing.conformance.watched REQUEST TOLD``: use a generator in a fresh process, and tell what it did.

Its own imports are light, so that what a declaration imports can be told apart.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from assaymark.host.isolation.limits import NETWORK_EVENTS

HEAVY = ("numpy", "pandas", "pyarrow", "pydantic", "scipy", "sklearn", "torch")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Watch:
    """Records what the process opens for writing and whom it calls, once it is switched on."""

    def __init__(self, allowed: Path) -> None:
        self.allowed = str(allowed)
        self.on = False
        self.written: list[str] = []
        self.called: list[str] = []

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Look at an audit event of the interpreter (PEP 578)."""
        if not self.on:
            return
        if event == "open":
            path, mode, flags = arguments
            writes = bool(set(mode or "") & set("wxa+")) or (isinstance(flags, int) and bool(flags & _WRITING))
            if writes and isinstance(path, str | bytes | os.PathLike):
                self._wrote(os.path.realpath(os.fsdecode(path)))
        elif event in NETWORK_EVENTS:
            self.called.append(f"{event} {arguments[1:]!r}"[:200])
            raise PermissionError("a generator must not use the network")

    def _wrote(self, path: str) -> None:
        if not path.startswith((self.allowed + os.sep, "/dev/", "/proc/")) and "__pycache__" not in path:
            self.written.append(path)


def digest(table: Any) -> str:
    """Return a digest over the values of a table."""
    import hashlib

    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.arrow.schema) as writer:
        writer.write_table(table.arrow.combine_chunks())
    return hashlib.sha256(sink.getvalue()).hexdigest()


def observe(request: dict[str, Any], watch: Watch) -> dict[str, Any]:
    """Import, fit, sample and load; return what was seen."""
    before = set(sys.modules)
    if request["target"]:
        importlib.import_module(request["target"].partition(":")[0])
    heavy = sorted(set(HEAVY) & (set(sys.modules) - before))

    from assaymark.execution import Run
    from assaymark.host.registry import resolve
    from assaymark.tables.table import Table
    from assaymark.testing.conformance.subject import watched_table

    table = watched_table(request["columns"])
    factory, model = resolve(request["factory"]), resolve(request["config_model"])
    work = Path(request["place"]) / "work"
    work.mkdir()
    watch.on = True
    fitted = factory(model.model_validate(request["config"])).fit(table, table.schema, Run(0, workdir=work))
    sampled = Table.concat(list(fitted.sample(request["rows"], Run(0))))
    watch.on = False
    loaded = None
    if request["model"]:
        loaded = digest(Table.concat(list(factory.load(Path(request["model"])).sample(request["rows"], Run(0)))))
    return {
        "heavy": heavy,
        "sampled": digest(sampled),
        "loaded": loaded,
        "written": watch.written,
        "called": watch.called,
        "peak_mb": _peak(),
        "cwd": sorted(entry.name for entry in Path.cwd().iterdir()),
    }


def _peak() -> float | None:
    try:
        import resource
    except ImportError:  # not on Windows
        return None
    scale = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale


def main() -> None:
    """Read the request, and write what was seen."""
    request = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    watch = Watch(Path(request["place"]).resolve() / "work")
    sys.addaudithook(watch)
    told = observe(request, watch)
    Path(sys.argv[2]).write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main()
