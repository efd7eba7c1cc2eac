"""``assaymark keys``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from assaymark.cli import options

if TYPE_CHECKING:
    from pathlib import Path

    from assaymark.provenance.keys import DevelopmentKeys

_WARN_DAYS = 30


@click.group(name="keys")
def command() -> None:
    """Make and show the development keys, under the user's configuration folder, and ask for certificates of your own."""


@command.command()
@click.option("--force", is_flag=True, help="Replace the keys that are there.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
def init(*, force: bool, as_json: bool) -> int:
    """Make a development root and a signing key of its own (mode 0600)."""
    from assaymark.provenance.keys import init_keys

    return _show(init_keys(force=force), as_json=as_json)


@command.command()
@click.option("--chain", type=options.PATH, metavar="PEM", help="Show the first certificate of this chain instead.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
def show(*, chain: Path | None, as_json: bool) -> int:
    """Show a certificate, when it ends, and whether it may sign; never the key. Exit code 1 when it may not."""
    from assaymark.provenance.keys import keys_folder, load_keys
    from assaymark.provenance.requests import describe_chain

    if chain is None:
        return _show(load_keys(keys_folder()), as_json=as_json)
    told = describe_chain(chain)
    _print(told, as_json=as_json)
    return 0 if told["problem"] is None else 1


@command.command()
@click.option(
    "--chain", type=options.PATH, required=True, metavar="PEM", help="Chain whose first certificate is to be renewed."
)
@click.option("--key", type=options.PATH, required=True, metavar="FILE", help="Its private key.")
@click.option("--out", type=options.PATH, required=True, metavar="FILE", help="Where to write the request, in PEM.")
@click.option("--force", is_flag=True, help="Replace an earlier request.")
def renew(*, chain: Path, key: Path, out: Path, force: bool) -> int:
    """Ask for another certificate of the same name and key; send the request to your authority."""
    from assaymark.provenance.key_files import load_private_key
    from assaymark.provenance.requests import renewal_request
    from assaymark.provenance.signing import passphrase
    from assaymark.tables.atomic import refuse_existing, write_bytes

    refuse_existing(out, overwrite=force)
    write_bytes(out, renewal_request(load_private_key(key, passphrase()), chain), overwrite=force)
    click.echo(f"{out}  request")
    return 0


@command.command()
@click.option("--subject", required=True, metavar="NAME", help="Whom to certify, such as 'CN=Data office,O=Example'.")
@click.option("--key", type=options.PATH, required=True, metavar="FILE", help="Private key; made there if the file is absent.")
@click.option("--out", type=options.PATH, required=True, metavar="FILE", help="Where to write the request, in PEM.")
@click.option(
    "--algorithm",
    type=click.Choice(["es256", "es384", "ed25519", "ps256"]),
    default="es256",
    show_default=True,
    help="Of a new key.",
)
@click.option("--force", is_flag=True, help="Replace an earlier request; a key is never replaced.")
def csr(*, subject: str, key: Path, out: Path, algorithm: str, force: bool) -> int:
    """Make a certificate signing request, to be certified by an authority that your readers trust."""
    from assaymark.provenance.key_files import load_private_key
    from assaymark.provenance.requests import signing_request, subject_name, write_key
    from assaymark.provenance.signing import passphrase
    from assaymark.tables.atomic import refuse_existing, write_bytes

    name = subject_name(subject)
    refuse_existing(out, overwrite=force)
    made = not key.exists()
    private = write_key(key, algorithm) if made else load_private_key(key, passphrase())
    write_bytes(out, signing_request(private, name), overwrite=force)
    click.echo(f"{out}  request for {subject}")
    click.echo(f"{key}  {'new private key, mode 0600' if made else 'private key, as it was'}", err=True)
    click.echo("Send the request to your authority; then name key and chain by ASSAYMARK_SIGNING_KEY and _CHAIN.", err=True)
    return 0


def _show(keys: DevelopmentKeys, *, as_json: bool) -> int:
    _print(keys.describe(), as_json=as_json)
    if not as_json:
        click.echo(
            "This certificate is for development: only machines that are given the trust anchor will trust it.", err=True
        )
    return 0


def _print(told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(told, indent=2))
        return
    for name, value in told.items():
        click.echo(f"{name.replace('_', ' '):<14}{'none' if value is None else value}")
    if told["days_left"] < _WARN_DAYS:
        click.echo(f"It ends in {told['days_left']} days; renew it, and time-stamp what it signs.", err=True)
