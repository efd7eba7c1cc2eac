"""``assaymark plugins check``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assaymark.cli.progress import working

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assaymark.host.registry import Registered
    from assaymark.host.specs import GeneratorSpec
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
    """Hold a generator against the conformance kit: TARGET is its name, or the folder of its project.

    Exits with 1 when a check fails, passes against expectation, or fewer ran than the declaration implies.
    """
    from assaymark.cli.settings import flat
    from assaymark.testing.conformance.running import check_generator

    reasons = _reasons(expect)
    digest = _savable(target, only) if save else None
    with working(0, quiet=quiet) as run:
        reports = [
            check_generator(
                registered,
                config=flat(settings),
                expected_failures=reasons,
                only=tuple(only),
                told=run.progress,
                stop=run.check,
            )
            for registered in _generators(target)
        ]
    if digest is not None:
        _save(target, digest, reports)
    if as_json:
        click.echo(json.dumps([report.document() for report in reports], indent=2, ensure_ascii=False))
    else:
        for report in reports:
            _print(report)
    return 0 if all(report.conforms for report in reports) else 1


def _generators(target: str) -> Sequence[Registered[GeneratorSpec]]:
    from assaymark.errors import PluginNotFoundError
    from assaymark.host.registry import load_registry
    from assaymark.testing.projects import generators_of, read_project

    if not Path(target).is_dir():
        return (load_registry().generator(target),)
    found = generators_of(read_project(Path(target).resolve()))
    if not found:
        raise PluginNotFoundError(
            "the project offers no generator",
            where=target,
            remedy="The kit checks generators; declare one in its plugin module.",
        )
    return found


def _savable(target: str, only: Sequence[str]) -> str:
    """Return the digest of the code under which the result is kept."""
    from assaymark.errors import OptionError
    from assaymark.host.provenance import describe
    from assaymark.host.registry import load_registry

    if only or Path(target).is_dir():
        raise OptionError(
            "only the whole kit on an installed plugin is kept",
            where="--save",
            found="--only" if only else f"the folder {target}",
            remedy="Install the plugin, give its name, and leave out --only.",
        )
    return str(describe(load_registry().generator(target))["digest"])


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
    click.echo(f"{report.generator} ({report.distribution})")
    for result in report.results:
        mark, colour = _MARKS[result.status.value]
        note = f": {result.message}" if result.message else ""
        click.echo(f"  {click.style(f'{mark:<6}', fg=colour)} {result.id:<36}{result.title}{note}")
    verdict = "conforms" if report.conforms else "does not conform"
    click.echo(f"  {verdict}: {report.ran} checks ran of {report.implied} that its declaration implies")
