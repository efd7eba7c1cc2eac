"""Names of gated findings that stay the same from one audit of a table to the next, for tools that keep a history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Finding = Mapping[str, Any]

# of the whole audit, or chosen by the data, so that they can change while the question stays the same
_LEFT_OUT = frozenset({"target", "positive", "groups"})


def gated(audit: Mapping[str, Any]) -> list[tuple[str, Finding]]:
    """Return each gated finding with its name, such as ``bias.impact_ratio[protected=sex]``; no name occurs twice."""
    findings = [finding for finding in audit["findings"] if finding["gate"] != "ungated"]
    return list(zip(_names(findings), findings, strict=True))


def _names(findings: Sequence[Finding]) -> list[str]:
    taken: dict[str, int] = {}
    names: list[str] = []
    for finding in findings:
        name = _name(finding)
        taken[name] = taken.get(name, 0) + 1
        names.append(name if taken[name] == 1 else f"{name} ({taken[name]})")
    return names


def _name(finding: Finding) -> str:
    scope = {key: value for key, value in finding["scope"].items() if key not in _LEFT_OUT and value not in (None, [])}
    parts = [f"{key}={_text(value)}" for key, value in scope.items()]
    return f"{finding['id']}[{';'.join(parts)}]" if parts else str(finding["id"])


def _text(value: Any) -> str:
    return "+".join(str(each) for each in value) if isinstance(value, list) else str(value)
