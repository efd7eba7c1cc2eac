"""``assaymark generate``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from assaymark.cli import options
from assaymark.cli.progress import working

if TYPE_CHECKING:
    from pathlib import Path


@click.command(cls=options.Command)
@click.argument("real", type=options.PATH)
@click.option("--generator", default="copula", show_default=True, metavar="NAME", help="Generator.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Setting of the generator. Repeatable.")
@click.option("--rows", type=click.IntRange(1, 10**9), help="Synthetic rows; as many as REAL has otherwise.")
@click.option("--out", type=options.PATH, required=True, metavar="FILE", help="Table to write: .csv or .parquet.")
@click.option("--save-model", type=options.PATH, metavar="DIR", help="Keep the fitted model in this folder.")
@options.where_option()
@click.option("--target", metavar="COL", help="Outcome column, if the generator should heed it.")
@options.special_column_options()
@options.table_options()
@options.fit_options()
@options.run_options()
def command(real: Path, **values: Any) -> int:
    """Fit a generator on REAL and write synthetic rows. Nothing is audited."""
    from assaymark.cli.settings import flat
    from assaymark.pipeline.generating import generate
    from assaymark.pipeline.requests import GenerateRequest

    request = GenerateRequest(
        real=real,
        generator=values["generator"],
        rows=values["rows"],
        out=values["out"],
        roles=options.make_role_options(values),
        tables=options.make_table_options(values),
        config=flat(values["settings"]),
        save_model=values["save_model"],
        where=options.conditions(values["where"]),
        force=values["force"],
    )
    with working(values["seed"], quiet=values["quiet"], **options.resources(values)) as run:
        rows = generate(request, run)
    told = {"out": str(request.out), "rows": rows, "model": None if request.save_model is None else str(request.save_model)}
    click.echo(json.dumps(told, indent=2) if values["as_json"] else f"{rows} synthetic rows in {request.out}; not audited.")
    return 0
