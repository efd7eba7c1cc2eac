"""Running the kit over what a plugin offers: what ran, what failed, what was expected to, and whether enough ran at all."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assaymark.errors import AssaymarkError, OptionError
from assaymark.execution import Progress, silent
from assaymark.testing.conformance.catalogue import KIT, Nonconformance, NotRun, checks_of
from assaymark.testing.conformance.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from assaymark.host.registry import Registered
    from assaymark.host.specs import GeneratorSpec
    from assaymark.testing.conformance.catalogue import ConformanceCheck


class Status(StrEnum):
    """What became of a check."""

    PASSED = "passed"
    FAILED = "failed"
    EXPECTED = "failed as expected"
    SURPRISE = "passed unexpectedly"
    NOT_APPLICABLE = "not applicable"


BAD = frozenset({Status.FAILED, Status.SURPRISE})


@dataclass(frozen=True, slots=True)
class Result:
    """One check on one offer of a plugin.

    Attributes:
        id: Id of the check.
        title: What it asks for.
        status: What became of it.
        message: What it did instead, what was measured, or why it does not apply; may be empty.
    """

    id: str
    title: str
    status: Status
    message: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """All checks on one generator, renderer or signer.

    Attributes:
        name: Its name.
        distribution: Distribution and version that it comes from.
        results: One for each check of the catalogue.
        implied: How many checks its declaration implies.
        kind: What it is.
    """

    name: str
    distribution: str
    results: tuple[Result, ...]
    implied: int
    kind: str = "generator"

    @property
    def ran(self) -> int:
        """How many checks ran."""
        return sum(result.status is not Status.NOT_APPLICABLE for result in self.results)

    @property
    def conforms(self) -> bool:
        """Whether nothing failed or passed against expectation, and as many checks ran as the declaration implies."""
        return self.ran == self.implied and not any(result.status in BAD for result in self.results)

    def document(self) -> dict[str, Any]:
        """Return the report, JSON-ready."""
        return {
            "kit": KIT,
            "kind": self.kind,
            self.kind: self.name,
            "distribution": self.distribution,
            "conforms": self.conforms,
            "ran": self.ran,
            "implied": self.implied,
            "results": [
                {"id": one.id, "title": one.title, "status": one.status.value, "message": one.message} for one in self.results
            ],
        }


def check_generator(
    registered: Registered[GeneratorSpec],
    *,
    config: Mapping[str, Any] | None = None,
    expected_failures: Mapping[str, str] | None = None,
    only: tuple[str, ...] = (),
    told: Progress = silent,
    stop: Callable[[], None] = lambda: None,
) -> Report:
    """Run the kit over a generator.

    Args:
        registered: The generator.
        config: Settings that make its fits short.
        expected_failures: Ids of checks that it is known to fail, each with the reason. One that passes is a surprise, which
            counts as a failure: the reason is outdated.
        only: Ids of the checks to run; all of them when empty.
        told: Called with how many checks are done, of how many, and the next one's id.
        stop: Called between checks; raises where the work is to stop.

    Raises:
        OptionError: When an id does not exist.
    """
    plan = _Plan("generator", expected_failures or {}, only, told, stop)
    with tempfile.TemporaryDirectory(prefix="assaymark-kit-") as folder:
        return _checked(registered, Subject(registered, Path(folder), config or {}), plan)


def check_offer(
    kind: str,
    registered: Registered[Any],
    *,
    expected_failures: Mapping[str, str] | None = None,
    only: tuple[str, ...] = (),
    told: Progress = silent,
    stop: Callable[[], None] = lambda: None,
) -> Report:
    """Run the kit over a renderer or a signer; see :func:`check_generator`."""
    from assaymark.testing.conformance.renderers import RendererSubject
    from assaymark.testing.conformance.signers import SignerSubject

    subjects: dict[str, Callable[[Registered[Any], Path], Any]] = {"renderer": RendererSubject, "signer": SignerSubject}
    plan = _Plan(kind, expected_failures or {}, only, told, stop)
    with tempfile.TemporaryDirectory(prefix="assaymark-kit-") as folder:
        return _checked(registered, subjects[kind](registered, Path(folder)), plan)


@dataclass(frozen=True, slots=True)
class _Plan:
    kind: str
    expected: Mapping[str, str]
    only: tuple[str, ...]
    told: Progress
    stop: Callable[[], None]


def _checked(registered: Registered[Any], subject: Any, plan: _Plan) -> Report:
    catalogue = checks_of(plan.kind)
    _refuse_unknown({*plan.expected, *plan.only}, catalogue)
    wanted = [check for check in catalogue if not plan.only or check.id in plan.only]
    results = []
    for place, check in enumerate(wanted):
        plan.stop()
        plan.told(place, len(wanted), check.id)
        results.append(_result(check, subject, plan.expected.get(check.id)))
    implied = sum(check.unless(subject) is None for check in wanted)
    origin = f"{registered.plugin.distribution or 'no distribution'} {registered.plugin.version or ''}".strip()
    return Report(registered.spec.name, origin, tuple(results), implied, plan.kind)


def _refuse_unknown(ids: set[str], catalogue: tuple[ConformanceCheck, ...]) -> None:
    unknown = sorted(ids - {check.id for check in catalogue})
    if unknown:
        raise OptionError(
            "the kit has no such check", found=", ".join(unknown), remedy="See docs/reference/conformance.md for the catalogue."
        )


def _result(check: ConformanceCheck, subject: Any, expected: str | None) -> Result:
    reason = check.unless(subject)
    if reason is not None:
        return Result(check.id, check.title, Status.NOT_APPLICABLE, reason)
    status, message = _outcome(check, subject)
    if expected is not None:
        passed = status is Status.PASSED
        status = Status.SURPRISE if passed else Status.EXPECTED
        message = f"expected to fail: {expected}" if passed else f"{message} ({expected})"
    return Result(check.id, check.title, status, message)


def _outcome(check: ConformanceCheck, subject: Any) -> tuple[Status, str]:
    """Run a check, and return whether it passed, failed or could not be run, and what it has to say."""
    try:
        return Status.PASSED, check.run(subject) or ""
    except NotRun as obstacle:
        return Status.NOT_APPLICABLE, str(obstacle)
    except Nonconformance as failure:
        return Status.FAILED, str(failure)
    except AssaymarkError as error:
        return Status.FAILED, f"{error.code}: {error}"
    except Exception as error:  # noqa: BLE001 - whatever a plugin raises is a result
        return Status.FAILED, f"it raises {type(error).__name__}: {error!s:.160}"
