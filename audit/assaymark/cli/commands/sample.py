"""``assaymark sample``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from assaymark.cli import options
from assaymark.cli.progress import working

if TYPE_CHECKING:
    from pathlib import Path


@click.command(cls=options.Command)
@click.argument("model", type=options.PATH)
@click.option("--rows", type=click.IntRange(1, 10**9), required=True, help="Synthetic rows.")
@click.option("--out", type=options.PATH, required=True, metavar="FILE", help="Table to write: .csv or .parquet.")
@options.where_option()
@options.device_option()
@options.run_options()
def command(model: Path, rows: int, out: Path, where: tuple[str, ...], **values: Any) -> int:
    """Sample a model that `assaymark generate --save-model` kept in MODEL."""
    from assaymark.pipeline.generating import sample

    conditions = options.conditions(where)
    with working(values["seed"], quiet=values["quiet"], device=values["device"]) as run:
        written = sample(model, rows, out, run, force=values["force"], where=conditions or None)
    told = {"out": str(out), "rows": written}
    click.echo(json.dumps(told, indent=2) if values["as_json"] else f"{written} synthetic rows in {out}; not audited.")
    return 0
