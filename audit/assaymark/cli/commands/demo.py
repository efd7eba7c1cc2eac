"""``assaymark demo``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from assaymark.cli import options
from assaymark.cli.progress import working


@click.command(cls=options.Command)
@click.option(
    "--out", type=options.PATH, default=Path("assaymark-demo"), show_default=True, metavar="DIR", help="Where to put it all."
)
@options.timestamp_options()
@options.run_options()
def command(*, out: Path, seed: int, as_json: bool, quiet: bool, force: bool, **values: Any) -> int:
    """Run the whole way on 442 real patients: three generators, ranked by their audits, the best one verified.

    The data are those of scikit-learn's diabetes study; no network is used. The exit code is 0 once the release verifies.
    """
    from assaymark.cli.summary import print_demo
    from assaymark.pipeline.demonstration import demo

    with working(seed, quiet=quiet) as run:
        shown = demo(out, run, force=force, timestamp=options.timestamp(values))
    print_demo(shown, as_json=as_json)
    return 0 if shown.verified.ok else 1
