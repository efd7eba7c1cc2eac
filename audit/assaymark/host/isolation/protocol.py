"""What host and worker say to each other: one JSON document a line, tables by Arrow files beside them."""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING, Any

from assaymark import errors
from assaymark.errors import AssaymarkError, PluginFailedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from assaymark.tables.schema import Schema
    from assaymark.tables.table import Table

EDITION = "assaymark-worker/1"
LONGEST = 16 * 2**20  # bytes of a line; what a plugin says is not trusted

_FIELDS = ("where", "found", "expected", "remedy")


def send(pipe: IO[str], message: Mapping[str, Any]) -> None:
    """Write one message."""
    pipe.write(json.dumps(message) + "\n")
    pipe.flush()


def receive(pipe: IO[str]) -> dict[str, Any] | None:
    """Wait for the next message and return it; None when the other side is gone.

    Raises:
        ValueError: When it is no message.
    """
    line = pipe.readline(LONGEST)
    return parse(line) if line else None


def parse(line: str | bytes) -> dict[str, Any]:
    """Return the message of a line.

    Raises:
        ValueError: When it is none.
    """
    message = json.loads(line)
    if not isinstance(message, dict):
        raise ValueError("a message is no object")  # noqa: TRY004 - what was read is wrong, not what was called
    return message


def error_document(error: AssaymarkError) -> dict[str, Any]:
    """Return an error of ours as a message."""
    return {"error": {"class": type(error).__name__, "what": error.what, **{name: getattr(error, name) for name in _FIELDS}}}


def read_error(document: Mapping[str, Any]) -> AssaymarkError:
    """Return the error of a message; of a class that this version does not have, the plugin's failure."""
    kind = getattr(errors, str(document.get("class")), None)
    if not (isinstance(kind, type) and issubclass(kind, AssaymarkError)):
        kind = PluginFailedError
    told = {name: None if document.get(name) is None else str(document[name]) for name in _FIELDS}
    return kind(str(document.get("what")), **told)


def write_arrow(table: Table, path: Path) -> None:
    """Write a table as an Arrow file."""
    import pyarrow as pa

    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.arrow.schema) as writer:
        writer.write_table(table.arrow)


def read_arrow(path: Path, schema: Schema) -> Table:
    """Read a table into memory, and delete its file.

    Raises:
        KeyError: When it lacks a column.
        pyarrow.ArrowInvalid: When it is damaged, or a value is of another kind.
    """
    import pyarrow as pa

    from assaymark.tables.table import Table

    with pa.OSFile(str(path), "rb") as source:
        data = pa.ipc.open_file(source).read_all()
    path.unlink()
    if data.schema.names != list(schema.names):
        raise KeyError("other columns than those of the schema")
    return Table.from_arrow(data, schema)
