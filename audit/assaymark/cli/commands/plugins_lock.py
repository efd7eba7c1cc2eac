"""``assaymark plugins lock``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assaymark.cli.visible import json_text, visible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assaymark.host.lock import Pin


@click.command(name="lock")
@click.option(
    "--out", type=click.Path(dir_okay=False), default="plugins.lock", show_default=True, metavar="FILE", help="File to write."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
def command(*, out: str, as_json: bool) -> int:
    """Pin the plugins of other distributions that are installed and load: name, version, digest of the installed files.

    Commands that find the lock refuse whatever differs. An earlier lock is replaced, and the difference told.
    """
    from dataclasses import replace

    from assaymark.host.discovery import is_foreign
    from assaymark.host.lock import lock_text, pin_of
    from assaymark.host.registry import load_registry
    from assaymark.host.states import PluginState
    from assaymark.host.switches import lenient
    from assaymark.tables.atomic import replacing

    path = Path(out)
    before = _before(path)
    found = [p for p in load_registry(switches=replace(lenient(), lock=None)).plugins if is_foreign(p)]
    pins = {plugin.name: pin_of(plugin) for plugin in found if plugin.state is PluginState.LOADED}
    left_out = [plugin for plugin in found if plugin.state is not PluginState.LOADED]
    with replacing(path, overwrite=True, what="the lock") as file:
        file.write(lock_text(pins).encode())
    changes = _changes(before, pins)
    if as_json:
        told = [{"plugin": p.name, "state": p.state.value, "reason": p.reason} for p in left_out]
        click.echo(
            json_text({"lock": str(path), "plugins": json.loads(lock_text(pins))["plugins"], **changes, "left_out": told})
        )
        return 0
    for name, pin in sorted(pins.items()):
        mark = next((change for change, names in changes.items() if name in names), "as before")
        editable = ", editable: its files change as its author works" if pin.editable else ""
        click.echo(visible(f"{mark:<10} {name:<15} {pin.distribution} {pin.version} {pin.digest[:19]}{editable}"))
    for name in changes["removed"]:
        click.echo(visible(f"{'removed':<10} {name}"))
    for plugin in left_out:
        click.echo(visible(f"{'left out':<10} {plugin.name:<15} {plugin.origin}: {plugin.state.value}, {plugin.reason}"))
    click.echo(visible(f"{len(pins)} plugins pinned in {path}"))
    return 0


def _before(path: Path) -> Mapping[str, Pin]:
    """Return what an earlier lock says; a file that is none is not replaced."""
    from assaymark.errors import OutputExistsError, PluginLockError
    from assaymark.host.lock import read_lock

    if not path.exists():
        return {}
    try:
        return read_lock(path).pins
    except PluginLockError as error:
        raise OutputExistsError(
            "there is a file that is no lock of plugins",
            where=str(path),
            found=error.found,
            remedy="Remove it, or name another.",
        ) from error


def _changes(before: Mapping[str, Pin], now: Mapping[str, Pin]) -> dict[str, list[str]]:
    return {
        "added": sorted(set(now) - set(before)),
        "changed": sorted(name for name in set(now) & set(before) if now[name] != before[name]),
        "removed": sorted(set(before) - set(now)),
    }
