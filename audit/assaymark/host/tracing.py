"""Telling every call of a hook on standard error, for whoever wonders what a plugin does and how long it takes."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, TypeVar

from assaymark.host.states import explain
from assaymark.host.switches import current

if TYPE_CHECKING:
    from collections.abc import Callable

    from assaymark.host.states import PluginInfo

T = TypeVar("T")


def traced(plugin: PluginInfo, what: str, function: Callable[[], T]) -> T:
    """Call a function, and tell plugin, hook, outcome and milliseconds where tracing is on."""
    if not current().trace:
        return function()
    start = time.perf_counter()
    outcome = "returned"
    try:
        result = function()
    except BaseException as error:
        outcome = f"raised {explain(error)}"
        raise
    else:
        if isinstance(result, tuple | list | dict):
            outcome = f"returned {len(result)} item{'' if len(result) == 1 else 's'}"
        return result
    finally:
        milliseconds = 1000 * (time.perf_counter() - start)
        print(f"assaymark: {what} of {plugin.name} ({plugin.origin}) {outcome} in {milliseconds:.1f} ms", file=sys.stderr)  # noqa: T201
