"""A short summary in Markdown, as for a pull request or a CI job."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from assaymark_reports.view import make_view

if TYPE_CHECKING:
    from collections.abc import Mapping

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~-])")
_MOST = 30


def _plain(text: str) -> str:
    """Return text in which nothing is markup."""
    return _SPECIAL.sub(r"\\\1", text.replace("\n", " "))


def render(audit: Mapping[str, Any]) -> bytes:
    """Return the summary of an audit document."""
    view = make_view(audit)
    lines = [f"## Assaymark: {view.verdict.upper()}", "", f"**{_plain(view.title)}**: {view.headline}.", ""]
    lines += [f"- {_plain(line)}" for line in view.why]
    lines += ["", view.next_step, "", "| Measure | About | Real | Synthetic | Change | Interval | Allowed | Outcome |"]
    lines.append("|---|---|---:|---:|---:|---:|---:|---|")
    for row in sorted(view.gated, key=lambda each: ("fail", "inconclusive", "pass").index(each.gate))[:_MOST]:
        cells = (row.measure, row.about, row.real, row.synthetic, row.change, row.interval, row.margin, row.outcome)
        lines.append("| " + " | ".join(_plain(cell) for cell in cells) + " |")
    if len(view.gated) > _MOST:
        lines += ["", f"{len(view.gated) - _MOST} more gated findings stand in the full report."]
    for one in view.approvals:
        lines += ["", f"**{_plain(one.headline)}**" + (f": {_plain(one.reason)}" if one.reason else "")]
        lines += [f"- {_plain(line)}" for line in one.waived] + [f"- {_plain(one.signature)}"]
    facts = [f"{name}: {_plain(value)}" for name, value in view.facts]
    lines += ["", "<sub>" + " · ".join(facts) + "</sub>", ""]
    return "\n".join(lines).encode()
