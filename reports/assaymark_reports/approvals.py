"""Who approved a release, and who waived which gate, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assaymark_reports import wording

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Approval:
    """One approval or waiver; every field is text to show."""

    headline: str
    signature: str
    reason: str
    waived: tuple[str, ...]


def approvals(told: Sequence[Mapping[str, Any]]) -> tuple[Approval, ...]:
    """Return approvals as a report shows them; ``report`` has checked their signatures."""
    return tuple(_approval(one) for one in told)


def _approval(one: Mapping[str, Any]) -> Approval:
    gates = "gate" if len(one["waives"]) == 1 else "gates"
    verb = f"waived {len(one['waives'])} {gates}" if one["waives"] else "approved the release"
    trust = "chains to a root trusted here" if one["trusted"] else "is NOT trusted here"
    own = ", and is the one that signed the release itself" if one["same_signer"] else ""
    return Approval(
        f"{one['by']} {verb} on {one['created']}",
        f"Signed with {one['signer']}; that certificate {trust}{own}.",
        one["reason"],
        tuple(f"{wording.name(each['id'])} ({wording.subject(each)}), which {_GATES[each['gate']]}" for each in one["waives"]),
    )


_GATES = {"fail": "failed", "inconclusive": "is undecided"}
