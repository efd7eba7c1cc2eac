"""Declares the built-in checks. Imports nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.checks.bias import declared as bias
from assaymark.checks.drivers import declared as drivers
from assaymark.checks.fidelity import declared as fidelity
from assaymark.checks.groups import declared as groups
from assaymark.checks.privacy import declared as privacy
from assaymark.checks.targets import declared as targets
from assaymark.checks.utility import declared as utility
from assaymark.host.hooks import hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable

    from assaymark.host.specs import CheckSpec


@hookimpl
def assaymark_checks() -> Iterable[CheckSpec]:
    """Declare the built-in checks, in the order in which a report shows them."""
    return (*bias.CHECKS, *targets.CHECKS, *drivers.CHECKS, *groups.CHECKS, *fidelity.CHECKS, *utility.CHECKS, *privacy.CHECKS)
