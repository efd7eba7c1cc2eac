"""``assaymark report``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from assaymark.cli import options

if TYPE_CHECKING:
    from pathlib import Path


@click.command(cls=options.Command)
@click.argument("audit", type=options.PATH)
@click.option(
    "--format", "format_", required=True, metavar="NAME", help="html, json, markdown, croissant, or what a plugin adds."
)
@click.option("--out", type=options.PATH, required=True, metavar="FILE", help="File to write; - for standard output.")
@click.option("--force", is_flag=True, help="Replace the file.")
def command(*, audit: Path, format_: str, out: Path, force: bool) -> int:
    """Render AUDIT, an audit.json, in another format."""
    from assaymark.host.registry import load_registry
    from assaymark.pipeline.releasing import render
    from assaymark.results.document import load_audit
    from assaymark.tables.atomic import write_bytes

    content = render(load_registry().renderer(format_), load_audit(audit))
    if str(out) == "-":
        click.echo(content, nl=False)
    else:
        write_bytes(out, content, overwrite=force)
        click.echo(f"{out}", err=True)
    return 0
