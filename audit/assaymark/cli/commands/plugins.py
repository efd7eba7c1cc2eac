"""``assaymark plugins``."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from assaymark.cli.commands import plugins_check, plugins_doctor, plugins_lock, plugins_new
from assaymark.cli.visible import json_text, visible

if TYPE_CHECKING:
    from assaymark.host.registry import Registered, Registry
    from assaymark.host.states import PluginInfo

_KINDS = ("generators", "checks", "renderers", "signers")


@click.group(name="plugins")
def command() -> None:
    """List, show and check plugins: generators, checks, renderers and signers."""


command.add_command(plugins_check.command)
command.add_command(plugins_doctor.command)
command.add_command(plugins_lock.command)
command.add_command(plugins_new.command)


def _offers(registry: Registry) -> list[tuple[str, Registered[Any]]]:
    return [(kind.removesuffix("s"), each) for kind in _KINDS for each in getattr(registry, kind).values()]


@command.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
def list_(*, as_json: bool) -> int:
    """List everything that plugins offer, and the plugins that could not be loaded, with the reason."""
    from assaymark.host.registry import load_registry
    from assaymark.host.switches import lenient

    registry = load_registry(switches=lenient())
    rows = [
        {
            "kind": kind,
            "name": each.spec.name,
            "summary": each.spec.summary,
            "plugin": each.plugin.name,
            "distribution": each.plugin.distribution,
            "version": each.plugin.version,
            "state": each.plugin.state.value,
        }
        for kind, each in _offers(registry)
    ]
    plugins = [_entry(plugin) for plugin in registry.plugins]
    failed = [plugin for plugin in plugins if plugin["state"] != "loaded"]
    if as_json:
        click.echo(json_text({"offers": rows, "plugins": plugins, "not_loaded": failed}))
        return 0
    for row in rows:
        origin = f"{row['distribution']} {row['version']}"
        click.echo(visible(f"{row['kind']:<14} {row['name']:<15} {origin:<18} {row['summary']}"))
    for plugin in registry.plugins:
        if plugin.reason or plugin.note:
            told = plugin.reason or plugin.note
            click.echo(visible(f"{plugin.state.value:<14} {plugin.name:<15} {plugin.origin}: {told}"))
    return 0


def _entry(plugin: PluginInfo) -> dict[str, Any]:
    return {
        "plugin": plugin.name,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "state": plugin.state.value,
        "reason": plugin.reason,
        "note": plugin.note,
    }


@command.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
def show(*, name: str, as_json: bool) -> int:
    """Show what is called NAME: what it can do, where it comes from, and its settings with their defaults and bounds."""
    from assaymark.errors import PluginNotFoundError
    from assaymark.host.registry import load_registry

    registry = load_registry()
    found = [(kind, each) for kind, each in _offers(registry) if each.spec.name == name]
    if not found:
        names = ", ".join(each.spec.name for _, each in _offers(registry))
        raise PluginNotFoundError(
            f"no plugin offers {name!r}", expected=f"one of {names}", remedy="See `assaymark plugins list`."
        )
    shown = [_details(kind, each) for kind, each in found]
    if as_json:
        click.echo(json.dumps(shown, indent=2))
        return 0
    for details in shown:
        for key, value in details.items():
            if key == "settings":
                click.echo("settings")
                for setting, text in value.items():
                    click.echo(f"  {setting:<16}{text}")
            else:
                click.echo(f"{key:<14}{value}")
    return 0


def _details(kind: str, each: Registered[Any]) -> dict[str, Any]:
    from assaymark.host.provenance import describe

    details: dict[str, Any] = {"kind": kind, **describe(each), "summary": each.spec.summary, "factory": each.spec.factory}
    if kind == "check":
        details["findings"] = ", ".join(each.spec.ids)
    if kind == "renderer":
        details |= {"file": each.spec.filename, "media type": each.spec.media_type}
    if kind == "generator":
        capabilities = asdict(each.spec.capabilities)
        details["learns"] = ", ".join(sorted(each.spec.capabilities.kinds))
        details |= {key: str(capabilities[key]) for key in ("nulls", "conditional", "determinism", "min_rows", "devices")}
        details["settings"] = _settings(each)
    return details


def _settings(each: Registered[Any]) -> dict[str, str]:
    from assaymark.host.registry import resolve

    properties = resolve(each.spec.config).model_json_schema()["properties"]
    bounds = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
    found: dict[str, str] = {}
    for name, field in properties.items():
        limits = [f"{sign} {field[key]}" for key, sign in bounds.items() if key in field]
        found[name] = f"{field.get('default')}  ({', '.join([str(field.get('type', 'number')), *limits])})"
    return found
