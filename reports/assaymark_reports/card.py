"""Dataset card: the README.md of a repository at Hugging Face, with the YAML that its search reads.

Source: the dataset card template of ``huggingface_hub``. What only a person can say (licence, intended use, contact) is listed
as missing, and no field is made up for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assaymark_reports import escaping, origin
from assaymark_reports.view import make_view

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assaymark_reports.view import View

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"), (10_000_000, "1M<n<10M"))
_LARGEST = "10M<n<100M"
_MISSING = (
    "the licence (`license` in the YAML above)",
    "what the table is meant for, and what it must not be used for",
    "why it was made, who paid for it, and who answers for it",
    "where the real data came from, when they were collected, and what the people were told",
    "what each column means, and in which unit",
    "the language of its texts (`language` in the YAML above)",
    "how to cite it, and whom to ask",
)
_MOST = 30


def render(audit: Mapping[str, Any]) -> bytes:
    """Return the card of the table that an audit is about; the same audit gives the same bytes."""
    view = make_view(audit)
    parts = (
        _front(audit),
        _summary(audit, view),
        _structure(audit),
        _creation(audit),
        _sensitive(audit),
        _limits(audit, view),
    )
    lines = [line for part in parts for line in (*part, "")]
    lines += ["## What only a person can say", "", "Nobody has filled these in yet:", ""]
    lines += [*(f"- {text}" for text in _MISSING), ""]
    return "\n".join(lines).encode()


def _front(audit: Mapping[str, Any]) -> list[str]:
    table = audit["datasets"]["synthetic"]
    return [
        "---",
        f"pretty_name: {escaping.yaml(_title(audit))}",
        "tags:",
        *(f"- {tag}" for tag in ("synthetic", "tabular", "assaymark")),
        "size_categories:",
        f"- {_size(table['rows'])}",
        "configs:",
        "- config_name: default",
        "  data_files:",
        "  - split: train",
        f"    path: {escaping.yaml(table['file'])}",
        "---",
    ]


def _size(rows: int) -> str:
    return next((name for limit, name in _SIZES if rows < limit), _LARGEST)


def _title(audit: Mapping[str, Any]) -> str:
    task = audit["task"]
    return f"Synthetic table for {task['target']} by {', '.join(task['protected'])}"


def _summary(audit: Mapping[str, Any], view: View) -> list[str]:
    return [
        f"# {escaping.markdown(_title(audit))}",
        "",
        origin.what(audit),
        "",
        (
            f"**Audit: {view.headline}** ({audit['verdict']}), under the policy {escaping.markdown(audit['policy']['name'])}. "
            "A gate is a trigger for review, not a legal limit; this is no statement of compliance with a law."
        ),
        "",
        *(f"- {escaping.markdown(line)}" for line in view.why[:_MOST]),
    ]


def _structure(audit: Mapping[str, Any]) -> list[str]:
    table, task = audit["datasets"]["synthetic"], audit["task"]
    roles = {task["target"]: "target", **dict.fromkeys(task["protected"], "protected attribute")}
    rows = [[column["name"], column["kind"], roles.get(column["name"], "")] for column in table["schema"]]
    return [
        "## Structure",
        "",
        f"One file, {escaping.markdown(table['file'])}: {table['rows']:,} rows, {table['columns']} columns, no splits.",
        f"SHA-256 `{table['sha256']}`.",
        "",
        *escaping.table({"Column": "---", "Kind": "---", "Role in the audit": "---"}, rows),
    ]


def _creation(audit: Mapping[str, Any]) -> list[str]:
    return ["## How it was made", "", *(f"- {line}" for line in origin.steps(audit))]


def _sensitive(audit: Mapping[str, Any]) -> list[str]:
    names = ", ".join(escaping.markdown(name) for name in audit["task"]["protected"])
    return [
        "## Personal and sensitive information",
        "",
        f"Protected attributes that the audit knows of: {names}. Whether other columns are sensitive, only a person can say.",
        "",
        *(f"- {line}" for line in origin.findings(audit, "privacy")),
    ]


def _limits(audit: Mapping[str, Any], view: View) -> list[str]:
    return [
        "## Bias, risks and limits",
        "",
        *(f"- {line}" for family in ("bias", "representation") for line in origin.findings(audit, family)),
        "",
        f"{view.next_step}",
        "",
        "Not tested:",
        "",
        *(f"- {escaping.markdown(f'{what}: {why}')}" for what, why in view.not_tested),
    ]
