"""``assaymark plugins check``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assaymark.cli.progress import working

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assaymark.host.registry import Registered
    from assaymark.testing.conformance.running import Report

_MARKS = {
    "passed": ("ok", "green"),
    "failed": ("FAIL", "red"),
    "failed as expected": ("known", "yellow"),
    "passed unexpectedly": ("FAIL", "red"),
    "not applicable": ("-", None),
}


@click.command(name="check")
@click.argument("target")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Setting that makes its fits short. Repeatable.")
@click.option("--only", multiple=True, metavar="ID", help="Run this check only. Repeatable.")
@click.option("--expect", multiple=True, metavar="ID=REASON", help="A check that it is known to fail, and why. Repeatable.")
@click.option("--save", is_flag=True, help="Keep the result for this code; releases made with it then state it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
@click.option("--quiet", is_flag=True, help="Tell no progress.")
def command(
    *,
    target: str,
    settings: Sequence[str],
    only: Sequence[str],
    expect: Sequence[str],
    save: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Hold a generator, renderer or signer against the conformance kit: TARGET is its name, or the folder of its project.

    Exits with 1 when a check fails, passes against expectation, or fewer ran than the declaration implies.
    """
    from assaymark.cli.settings import flat
    from assaymark.testing.conformance.running import check_generator, check_offer

    reasons = _reasons(expect)
    digest = _savable(target, only) if save else None
    with working(0, quiet=quiet) as run:
        reports = []
        for kind, registered in _offers(target):
            plan: dict[str, Any] = {"only": tuple(only), "told": run.progress, "stop": run.check, "expected_failures": reasons}
            if kind == "generator":
                reports.append(check_generator(registered, config=flat(settings), **plan))
            else:
                reports.append(check_offer(kind, registered, **plan))
    if digest is not None:
        _save(target, digest, reports)
    if as_json:
        click.echo(json.dumps([report.document() for report in reports], indent=2, ensure_ascii=False))
    else:
        for report in reports:
            _print(report)
    return 0 if all(report.conforms for report in reports) else 1


def _offers(target: str) -> Sequence[tuple[str, Registered[Any]]]:
    """Return kind and declaration of whatever a name or a project means, of the kinds that the kit has checks for."""
    from assaymark.errors import PluginNotFoundError
    from assaymark.host.registry import load_registry
    from assaymark.testing.conformance.catalogue import KINDS
    from assaymark.testing.projects import owned, read_project, registry_of

    if not Path(target).is_dir():
        registry = load_registry()
        found = [(kind, getattr(registry, f"{kind}s").get(target)) for kind in KINDS]
        if target in registry.checks:
            raise PluginNotFoundError(
                "the kit has no checks for checks yet",
                where=target,
                expected="a generator, a renderer or a signer",
                remedy="See docs/reference/conformance.md for what it covers.",
            )
        return [(kind, each) for kind, each in found if each is not None] or [("generator", registry.generator(target))]
    project = read_project(Path(target).resolve())
    registry = registry_of(project)
    offers = [(kind, each) for kind in KINDS for each in owned(getattr(registry, f"{kind}s"), project)]
    if not offers:
        raise PluginNotFoundError(
            "the project offers nothing that the kit has checks for",
            where=target,
            expected="one of " + ", ".join(KINDS),
            remedy="Declare one in its plugin module.",
        )
    return offers


def _savable(target: str, only: Sequence[str]) -> str:
    """Return the digest of the code under which the result is kept."""
    from assaymark.errors import OptionError
    from assaymark.host.provenance import describe

    if only or Path(target).is_dir():
        raise OptionError(
            "only the whole kit on an installed plugin is kept",
            where="--save",
            found="--only" if only else f"the folder {target}",
            remedy="Install the plugin, give its name, and leave out --only.",
        )
    return str(describe(_offers(target)[0][1])["digest"])


def _save(target: str, digest: str, reports: Sequence[Report]) -> None:
    from assaymark.host.kept import keep

    for report in reports:
        known = [result.id for result in report.results if result.status.value == "failed as expected"]
        told = {key: value for key, value in report.document().items() if key != "results"}
        keep({**told, "expected_failures": known}, "conformance", target, digest)


def _reasons(expected: Sequence[str]) -> Mapping[str, str]:
    from assaymark.errors import OptionError

    found: dict[str, str] = {}
    for text in expected:
        identifier, mark, reason = text.partition("=")
        if not mark or not reason.strip():
            raise OptionError("an expected failure has no reason", where="--expect", found=repr(text), expected="ID=REASON")
        found[identifier.strip()] = reason.strip()
    return found


def _print(report: Report) -> None:
    click.echo(f"{report.name} ({report.distribution})")
    for result in report.results:
        mark, colour = _MARKS[result.status.value]
        note = f": {result.message}" if result.message else ""
        click.echo(f"  {click.style(f'{mark:<6}', fg=colour)} {result.id:<36}{result.title}{note}")
    verdict = "conforms" if report.conforms else "does not conform"
    click.echo(f"  {verdict}: {report.ran} checks ran of {report.implied} that its declaration implies")
