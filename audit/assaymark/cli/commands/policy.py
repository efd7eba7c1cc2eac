"""``assaymark policy``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from assaymark.cli import options

if TYPE_CHECKING:
    from pathlib import Path


@click.group(name="policy")
def command() -> None:
    """Commit to a policy before the data are looked at."""


@command.command()
@click.argument("policy", type=options.PATH)
@click.option(
    "--timestamp",
    metavar="URL",
    envvar="ASSAYMARK_TIMESTAMP_URL",
    show_envvar=True,
    required=True,
    help="RFC 3161 time-stamp authority, which proves when.",
)
@click.option("--out", type=options.PATH, required=True, metavar="FILE", help="Proof to write, such as policy.tsr.")
@click.option("--force", is_flag=True, help="Replace an earlier proof.")
def commit(*, policy: Path, timestamp: str, out: Path, force: bool) -> int:
    """Have the hash of POLICY, a file, stamped with the time. Hand the proof to `run` or `audit` by --policy-proof."""
    from assaymark.host.registry import load_registry
    from assaymark.pipeline.auditing import known_findings
    from assaymark.policy.loading import load_policy
    from assaymark.provenance.authorities import TimeStampAuthority
    from assaymark.provenance.policy_proof import commit as stamped
    from assaymark.tables.atomic import refuse_existing, write_bytes

    loaded = load_policy(policy, known_findings(load_registry()))
    refuse_existing(out, overwrite=force)
    write_bytes(out, stamped(loaded.source, TimeStampAuthority(timestamp)), overwrite=force)
    click.echo(f"{out}  proves that {policy} existed now (SHA-256 {loaded.sha256})")
    click.echo("Keep the policy as it is: the proof is of these bytes and no others.", err=True)
    return 0
