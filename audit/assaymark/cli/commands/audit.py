"""``assaymark audit``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from assaymark.cli import options
from assaymark.cli.progress import working

if TYPE_CHECKING:
    from pathlib import Path


@click.command(cls=options.Command)
@click.argument("real", type=options.PATH)
@click.argument("synthetic", type=options.PATH)
@options.role_options(required=True)
@options.audit_options()
@options.table_options()
@click.option("--out", type=options.PATH, metavar="DIR", help="Release folder; without it the audit is only printed.")
@options.origin_options()
@options.log_options()
@options.run_options()
def command(real: Path, synthetic: Path, **values: Any) -> int:
    """Audit SYNTHETIC against REAL. Without --holdout, privacy and utility cannot be estimated.

    Exit codes: 0 pass, 1 a gate failed, 2 usage or error, 3 inconclusive.
    """
    from assaymark.cli.summary import print_audits
    from assaymark.pipeline.auditing import audit
    from assaymark.pipeline.requests import AuditRequest, RunResult

    options.require_outcome(values)
    request = AuditRequest(
        real=real,
        synthetic=synthetic,
        roles=options.make_role_options(values),
        tables=options.make_table_options(values),
        out=values["out"],
        **options.release_fields(values),
    )
    with working(values["seed"], quiet=values["quiet"]) as run:
        result = audit(request, run)
    print_audits(RunResult((result,), (result.name,), result.messages), as_json=values["as_json"])
    return result.verdict.exit_code
