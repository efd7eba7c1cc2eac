"""Errors as a user sees them: what, where, found, expected and what to do next; never a traceback."""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING, Any

import click

from assaymark.cli.visible import json_text, visible
from assaymark.errors import AssaymarkError, Cancelled, InternalError, OutputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

_INTERRUPTED = 130


def guarded(call: Callable[[], Any], *, as_json: bool, traceback: bool) -> int:
    """Call a command and return its exit code; whatever it raises becomes a message."""
    try:
        code = call()
    except click.exceptions.Exit as error:
        return error.exit_code
    except (KeyboardInterrupt, click.Abort, EOFError):
        _tell(Cancelled("interrupted", remedy="Run the same command again; nothing half-written is left."), as_json=as_json)
        return _INTERRUPTED
    except BrokenPipeError:
        # whoever read our output went away; that is no error of ours, but Python would complain at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if traceback:
            raise
        known = _known(error)
        _tell(known, as_json=as_json)
        return known.exit_code
    return code if isinstance(code, int) else 0


def _known(error: Exception) -> AssaymarkError:
    if isinstance(error, AssaymarkError):
        return error
    if isinstance(error, click.UsageError):
        command = error.ctx.command_path if error.ctx else "assaymark"
        return UsageError(error.format_message().rstrip("."), remedy=f"See `{command} --help`.")
    if isinstance(error, click.ClickException):
        return UsageError(error.format_message().rstrip("."))
    if isinstance(error, MemoryError):
        return OutputError("there is not enough memory", remedy="Use fewer rows, or a machine with more memory.")
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT}:
        return OutputError(
            "a file could not be written",
            where=str(error.filename) if error.filename else None,
            found=error.strerror,
            remedy="Check free space and permissions, then run the same command again.",
        )
    return InternalError(
        "something went wrong that should not have",
        found=f"{type(error).__name__}: {error}"[:300],
        remedy="Run again as `assaymark --traceback ...` and report what it shows.",
    )


def _tell(error: AssaymarkError, *, as_json: bool) -> None:
    if as_json:
        click.echo(json_text({"error": error.document()}))
        return
    lines = [click.style(f"error[{error.code}]", fg="red", bold=True) + f": {visible(error.what, lines=True)}"]
    for name, value in (("where", error.where), ("found", error.found), ("expected", error.expected), ("next", error.remedy)):
        if value:
            lines.append(f"  {name + ':':<10}{visible(str(value), lines=name == 'next')}")
    click.echo("\n".join(lines), err=True)
