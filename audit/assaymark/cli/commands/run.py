"""``assaymark run``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from assaymark.cli import options
from assaymark.cli.progress import working

if TYPE_CHECKING:
    from pathlib import Path


@click.command(cls=options.Command)
@click.argument("real", type=options.PATH)
@options.role_options(required=True)
@click.option(
    "--generator", multiple=True, default=("copula",), show_default=True, metavar="NAME", help="Generator. Repeatable."
)
@click.option("--set", "settings", multiple=True, metavar="NAME.KEY=VALUE", help="Setting of a generator. Repeatable.")
@click.option("--rows", type=click.IntRange(1, 10**9), help="Synthetic rows; as many as REAL has otherwise.")
@click.option(
    "--samples",
    type=click.IntRange(1, 100),
    default=5,
    show_default=True,
    help="Sample each generator so many times, to tell luck from bias; the first sample is released.",
)
@click.option("--deep", is_flag=True, help="Attack each generator by fitting it again with and without exposed rows. Slow.")
@click.option(
    "--shadows", type=click.IntRange(8, 1000), default=16, show_default=True, help="How many times --deep fits it again."
)
@options.audit_options()
@options.table_options()
@click.option(
    "--format", "format_", type=click.Choice(["csv", "parquet"]), default="csv", show_default=True, help="Format of the table."
)
@click.option(
    "--out", type=options.PATH, required=True, metavar="DIR", help="Release folder; with several generators, DIR/NAME each."
)
@options.fit_options()
@options.origin_options()
@options.log_options()
@options.run_options()
def command(real: Path, **values: Any) -> int:
    """Split a holdout off REAL, fit generators, sample, audit, report and stamp.

    The exit code is that of the worst verdict: 0 pass, 1 fail, 3 inconclusive.
    """
    from assaymark.cli.settings import by_generator
    from assaymark.cli.summary import print_audits
    from assaymark.pipeline.requests import RunRequest
    from assaymark.pipeline.running import run

    options.require_outcome(values)
    request = RunRequest(
        real=real,
        roles=options.make_role_options(values),
        tables=options.make_table_options(values),
        out=values["out"],
        generators=tuple(dict.fromkeys(values["generator"])),
        configs=by_generator(values["settings"]),
        rows=values["rows"],
        samples=values["samples"],
        format=values["format_"],
        deep=values["deep"],
        shadows=values["shadows"],
        **options.release_fields(values),
    )
    with working(values["seed"], quiet=values["quiet"], **options.resources(values)) as working_run:
        result = run(request, working_run)
    print_audits(result, as_json=values["as_json"])
    return result.verdict.exit_code
