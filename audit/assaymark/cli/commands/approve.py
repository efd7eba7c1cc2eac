"""``assaymark approve``."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from assaymark.cli import options

if TYPE_CHECKING:
    from pathlib import Path


@click.command(cls=options.Command)
@click.argument("release", type=options.PATH)
@click.option("--as", "by", required=True, metavar="NAME", help="Name of whoever approves.")
@click.option(
    "--waive",
    multiple=True,
    metavar="FINDING[:SCOPE]",
    help="Waive a failed or undecided gate, as in bias.impact_ratio:race; needs --reason. Repeatable.",
)
@click.option("--reason", default="", metavar="TEXT", help="Why.")
@options.signing_options()
@options.trust_options()
@options.untrusted_option()
@options.log_options()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
def command(release: Path, **values: Any) -> int:
    """Add a signed approval of RELEASE, a folder, or a waiver of gates that failed or are undecided.

    No signed file of the release is touched, and the audit's verdict stays what it is: `verify` and `report` say who waived
    what, and `verify --require-pass --accept-waivers` lets waived gates through.
    """
    from assaymark.host.registry import load_registry
    from assaymark.pipeline.approving import approve
    from assaymark.pipeline.logbook import append
    from assaymark.pipeline.releasing import open_signer

    log = options.chosen_log(values)
    with open_signer(load_registry(), values["signer"], options.timestamp(values)) as signer:
        approval, path = approve(
            release,
            values["by"],
            signer,
            waive=values["waive"],
            reason=values["reason"],
            trust=options.trust(values),
            allow_untrusted=values["allow_untrusted"],
        )
        if log is not None:
            append([path], log, signer)
    if values["as_json"]:
        told = {key: value for key, value in asdict(approval).items() if key not in {"trusted", "same_signer"}}
        click.echo(json.dumps({**told, "file": str(path)}, indent=2, ensure_ascii=False))
        return 0
    click.echo(f"{path}  {approval.decision}d by {approval.by}, signed with: {approval.signer}")
    for waived in approval.waives:
        click.echo(f"  waived ({waived['gate']}): {waived['id']} {options.scope_text(waived['scope'])}".rstrip())
    return 0
