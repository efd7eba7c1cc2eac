"""``assaymark plugins new``."""

from __future__ import annotations

import json
from pathlib import Path

import click

_KINDS = ("generator", "check", "renderer", "signer")


@click.command(name="new")
@click.argument("name")
@click.option("--kind", type=click.Choice(_KINDS), default="generator", show_default=True, help="What it offers.")
@click.option("--out", type=click.Path(file_okay=False), metavar="DIR", help="Folder to write; NAME in this folder otherwise.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
def command(*, name: str, kind: str, out: str | None, as_json: bool) -> int:
    """Write a complete plugin project that works: declaration, code, test, README, CI."""
    from assaymark.scaffold.writing import NewPlugin, write_project

    folder = Path(out or name)
    written = write_project(NewPlugin(name, kind), folder)
    if as_json:
        click.echo(json.dumps({"folder": str(folder), "files": [path.as_posix() for path in written]}, indent=2))
        return 0
    click.echo(f"A {kind} in {folder}:")
    for path in written:
        click.echo(f"  {path.as_posix()}")
    then = f"assaymark plugins check {folder}" if kind == "generator" else f"pip install -e {folder} && assaymark plugins list"
    click.echo(f"Next: {then}")
    return 0
