"""What a conformance check is, and how one is declared. Imports nothing heavy."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    # each kind has a subject of its own
    Check = Callable[[Any], str | None]
    Reason = Callable[[Any], str | None]

KIT = "1"
"""Version of the kit. A check keeps its id and meaning within a version; new ones may come."""

_MODULES = {
    "generator": ("contract", "data", "seeds", "persistence", "resources", "conditions", "privacy", "fairness"),
    "renderer": ("renderers",),
    "signer": ("signers",),
}
KINDS = tuple(_MODULES)
"""Kinds of what plugins offer that the kit has checks for."""


class Category(StrEnum):
    """What a check is about."""

    CONTRACT = "contract"
    DATA = "data"
    SEEDS = "seeds"
    PERSISTENCE = "persistence"
    RESOURCES = "resources"
    CONDITIONS = "conditions"
    PRIVACY = "privacy"
    FAIRNESS = "fairness"
    RENDERER = "renderer"
    SIGNER = "signer"


class Nonconformance(Exception):  # noqa: N818 - a finding about a plugin, not a fault of ours
    """A plugin does not do what a check asks for; the text says what it did instead."""


class NotRun(Exception):  # noqa: N818 - as above
    """A check cannot be run, although what the plugin declares implies it; the text says why."""


@dataclass(frozen=True, slots=True)
class ConformanceCheck:
    """One check of the kit.

    Attributes:
        id: Stable id, ``category.name``.
        title: What is asked for, in one sentence.
        run: Raises :class:`Nonconformance`, or :class:`NotRun`; may return what it measured.
        unless: Returns why what is declared does not imply it; None when it does. It runs nothing of the plugin's.
    """

    id: str
    title: str
    run: Check
    unless: Reason

    @property
    def category(self) -> Category:
        """First part of the id."""
        return Category(self.id.partition(".")[0])


_CHECKS: dict[str, ConformanceCheck] = {}


def _always(_: object) -> str | None:
    return None


def conformance(identifier: str, *, unless: Reason = _always) -> Callable[[Check], Check]:
    """Declare a function as a check of the kit; the first line of its docstring is its title."""

    def declare(function: Check) -> Check:
        title = (function.__doc__ or "").strip().partition("\n")[0]
        _CHECKS[identifier] = ConformanceCheck(identifier, title, function, unless)
        return function

    return declare


def require(condition: object, found: str) -> None:
    """Raise :class:`Nonconformance` unless a condition holds.

    Args:
        condition: What must hold.
        found: What the generator did instead.
    """
    if not condition:
        raise Nonconformance(found)


def checks_of(kind: str) -> tuple[ConformanceCheck, ...]:
    """Return the checks of one of :data:`KINDS`, in the order in which they run."""
    for module in _MODULES[kind]:
        importlib.import_module(f"assaymark.testing.conformance.{module}")
    others = set(KINDS) - {"generator"}
    return tuple(
        check
        for check in _CHECKS.values()
        if check.category.value == kind or (kind == "generator" and check.category.value not in others)
    )


def generator_checks() -> tuple[ConformanceCheck, ...]:
    """Return the checks of generators, in the order in which they run."""
    return checks_of("generator")
