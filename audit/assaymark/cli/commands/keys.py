"""``assaymark keys``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from assaymark.provenance.keys import DevelopmentKeys


@click.group(name="keys")
def command() -> None:
    """Make and show the development keys, under the user's configuration folder."""


@command.command()
@click.option("--force", is_flag=True, help="Replace the keys that are there.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
def init(*, force: bool, as_json: bool) -> int:
    """Make a development root and a signing key of its own (mode 0600)."""
    from assaymark.provenance.keys import init_keys

    return _show(init_keys(force=force), as_json=as_json)


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
def show(*, as_json: bool) -> int:
    """Show the development certificate; never the key."""
    from assaymark.provenance.keys import keys_folder, load_keys

    return _show(load_keys(keys_folder()), as_json=as_json)


def _show(keys: DevelopmentKeys, *, as_json: bool) -> int:
    told = keys.describe()
    if as_json:
        click.echo(json.dumps(told, indent=2))
        return 0
    for name, value in told.items():
        click.echo(f"{name.replace('_', ' '):<14}{value}")
    click.echo("This certificate is for development: only machines that are given the trust anchor will trust it.", err=True)
    return 0
