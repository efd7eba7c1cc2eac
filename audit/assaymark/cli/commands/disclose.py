"""``assaymark disclose``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from assaymark.cli import options
from assaymark.errors import OptionError

if TYPE_CHECKING:
    from pathlib import Path

    from assaymark.pipeline.disclosing import Disclosed


@click.command(cls=options.Command)
@click.argument("release", type=options.PATH)
@click.option("--real", type=options.PATH, metavar="FILE", help="File that the real data was read from.")
@click.option("--holdout", type=options.PATH, metavar="FILE", help="File that the holdout was read from.")
@click.option(
    "--disclosure", type=options.PATH, metavar="FILE", help="File of salts; RELEASE.disclosure.json beside it otherwise."
)
@click.option("--out", type=options.PATH, metavar="FILE", help="Write the proof, to hand on.")
@click.option("--signer", metavar="NAME", help="Sign the proof that --out writes: a sidecar beside it.")
@click.option("--check", type=options.PATH, metavar="PROOF", help="Check a proof that somebody else made.")
@options.trust_options()
@options.untrusted_option()
@click.option("--force", is_flag=True, help="Replace an earlier proof.")
@click.option("--json", "as_json", is_flag=True, help="Print the proof as one JSON document and nothing else.")
def command(release: Path, **values: Any) -> int:
    """Prove that FILE is the source that RELEASE, a folder, committed to; or check such a proof.

    A proof discloses the salt and the SHA-256 of the named files and no row: with it, anybody can tell whether a file that
    they hold is the one. Exit codes: 0 it is, 1 it is not, 2 usage or unreadable salts.
    """
    from assaymark.pipeline.disclosing import check_proof, disclose
    from assaymark.pipeline.trusting import load_trust

    files = {name: values[name] for name in ("real", "holdout") if values[name] is not None}
    if values["check"] is not None:
        _refuse(values, ("out", "signer", "disclosure", "force"), "--check")
        found = check_proof(release, values["check"], files, load_trust(options.trust(values)))
        return _told(release, found, values)
    if not files:
        raise OptionError("there is nothing to disclose", where="--real", remedy="Name the file by --real or --holdout.")
    if values["signer"] and values["out"] is None:
        raise OptionError("--signer signs what --out writes", where="--out", remedy="Name the proof to write by --out.")
    found = disclose(release, files, values["disclosure"])
    if values["out"] is not None:
        _write(found, values["out"], values["signer"], force=values["force"])
    return _told(release, found, values)


def _refuse(values: dict[str, Any], names: tuple[str, ...], beside: str) -> None:
    for name in names:
        if values[name]:
            raise OptionError(f"--{name} has no effect beside {beside}", where=f"--{name}", remedy="Leave one of them out.")


def _write(found: Disclosed, out: Path, signer: str | None, *, force: bool) -> None:
    from assaymark.host.registry import load_registry
    from assaymark.pipeline.releasing import json_bytes, open_signer
    from assaymark.provenance.stamping import sidecar_of, stamp_file
    from assaymark.tables.atomic import refuse_existing, write_bytes

    refuse_existing(out, overwrite=force)
    refuse_existing(sidecar_of(out), overwrite=force)
    content = json_bytes(found.proof)
    if signer is None:
        write_bytes(out, content, overwrite=force)
        sidecar_of(out).unlink(missing_ok=True)
        return
    with open_signer(load_registry(), signer) as opened:
        write_bytes(out, content, overwrite=force)
        stamp_file(out, opened, force=force)


def _told(release: Path, found: Disclosed, values: dict[str, Any]) -> int:
    refused = values["check"] is not None and not found.release_trusted and not values["allow_untrusted"]
    refused = refused or (found.proof_signer is not None and not found.proof_trusted and not values["allow_untrusted"])
    if values["as_json"]:
        told = dict(found.proof)
        if values["check"] is not None:
            told |= {"holds": not refused, "release_signer": found.release_signer, "release_trusted": found.release_trusted}
            told |= {"proof_signer": found.proof_signer, "proof_trusted": found.proof_trusted}
        click.echo(json.dumps(told, indent=2))
        return 1 if refused else 0
    _print(release, found)
    if values["check"] is None:
        _print_disclosed(found, values["out"])
    elif refused:
        click.echo(f"{click.style('NOT TRUSTED', fg='red', bold=True)}: name the signer's root by --trust-anchor")
    return 1 if refused else 0


def _print(release: Path, found: Disclosed) -> None:
    for dataset, entry in found.proof["opened"].items():
        file = found.files.get(dataset)
        about = f"{file} is" if file is not None else f"by the proof, the file with SHA-256 {entry['sha256']} is"
        state = click.style("OPENED", fg="green", bold=True)
        click.echo(f"{dataset}: {state} - {about} what {release} committed to")
        click.echo(f"  commitment {entry['commitment']}")
    trust = "trusted" if found.release_trusted else "NOT trusted here"
    click.echo(f"  release signed with: {found.release_signer} ({trust})")
    if found.proof_signer is not None:
        click.echo(f"  proof signed with: {found.proof_signer} ({'trusted' if found.proof_trusted else 'NOT trusted here'})")
    if found.split:
        click.echo("  the holdout was split off the real file, at random; its commitment has a salt of its own")


def _print_disclosed(found: Disclosed, out: Path | None) -> None:
    names = " and ".join(found.proof["opened"])
    if out is None:
        click.echo("Nothing was written. --out FILE writes a proof to hand on.", err=True)
        return
    click.echo(f"{out} discloses the salt and the SHA-256 of the {names} file, and nothing else.", err=True)
    click.echo("Whoever has it can tell whether a file that they hold is this one; they see no row of it.", err=True)
