"""Datasheet for a dataset, by the sections of Gebru et al. (2021), "Datasheets for Datasets", CACM 64(12), 86-92.

Questions are in words of our own. What the audit knows is filled in; what only a person can say is marked and counted, and no
answer is made up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assaymark_reports import escaping, origin
from assaymark_reports.view import make_view

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Answer = Callable[[Mapping[str, Any]], Sequence[str]]

_PERSON = "*Missing: only a person can say.*"


def render(audit: Mapping[str, Any]) -> bytes:
    """Return the datasheet of the table that an audit is about; the same audit gives the same bytes."""
    body: list[str] = []
    missing: list[str] = []
    for section, questions in _SECTIONS.items():
        body += [f"## {section}", ""]
        for question, answer in questions.items():
            told = [_PERSON] if answer is None else [f"- {line}" for line in answer(audit)]
            body += [f"### {question}", "", *told, ""]
            if answer is None:
                missing.append(f"- {section}: {question}")
    asked = sum(map(len, _SECTIONS.values()))
    table = audit["datasets"]["synthetic"]
    head = [
        f"# Datasheet: {escaping.markdown(table['file'])}",
        "",
        (
            f"{asked - len(missing)} of {asked} questions are answered by the audit of {escaping.markdown(audit['created'])}; "
            f"{len(missing)} are missing, as only a person can answer them. This is no statement of compliance with a law."
        ),
        "",
    ]
    return "\n".join([*head, *body, "## What is missing", "", *missing, ""]).encode()


def _rows(audit: Mapping[str, Any]) -> list[str]:
    table = audit["datasets"]["synthetic"]
    return [origin.what(audit), f"File {escaping.markdown(table['file'])}, SHA-256 `{table['sha256']}`."]


def _columns(audit: Mapping[str, Any]) -> list[str]:
    return [f"{escaping.markdown(column['name'])}: {column['kind']}" for column in audit["datasets"]["synthetic"]["schema"]]


def _sample(audit: Mapping[str, Any]) -> list[str]:
    split, rows = audit["method"].get("split"), audit["datasets"]["real"]["rows"]
    real = f"It is compared with {rows:,} real rows; whether those represent a larger group, only a person can say."
    if split is None:
        return [real]
    return [real, f"They are what was left of the real data when {100 * split['share']:g} % were set aside."]


def _label(audit: Mapping[str, Any]) -> list[str]:
    target, positive = (escaping.markdown(str(audit["task"][key])) for key in ("target", "positive"))
    return [f"The audit takes {target} as target, {positive} as positive."]


def _gaps(audit: Mapping[str, Any]) -> list[str]:
    missing = audit["task"]["target_missing"].get("synthetic") or 0
    return [f"Synthetic rows without a target: {missing:,}. Gaps in other columns stand in audit.json, by column and group."]


def _splits(_audit: Mapping[str, Any]) -> list[str]:
    return ["The table is one split. Classifiers should be tested on real rows that no generator has seen."]


def _errors(audit: Mapping[str, Any]) -> list[str]:
    return [*origin.findings(audit, "fidelity"), *origin.findings(audit, "utility")]


def _sensitive(audit: Mapping[str, Any]) -> list[str]:
    names = ", ".join(escaping.markdown(name) for name in audit["task"]["protected"])
    return [f"Protected attributes that the audit knows of: {names}. Of other columns only a person can say."]


def _groups(audit: Mapping[str, Any]) -> list[str]:
    return [*origin.findings(audit, "representation"), *origin.findings(audit, "bias")]


def _identifiable(audit: Mapping[str, Any]) -> list[str]:
    return ["Nothing proves that nobody can. What was tried, and what it found:", *origin.findings(audit, "privacy")]


def _nulls(audit: Mapping[str, Any]) -> list[str]:
    texts = ", ".join(f"“{escaping.markdown(text)}”" for text in audit["datasets"]["synthetic"]["nulls"])
    return [f"Read as missing by the audit: {texts}." if texts else "No text was read as missing by the audit."]


def _risks(audit: Mapping[str, Any]) -> list[str]:
    view = make_view(audit)
    return [
        f"{view.headline} ({audit['verdict']}). {view.next_step}",
        *(escaping.markdown(f"Not tested: {what}; {why}") for what, why in view.not_tested),
    ]


def _tools(audit: Mapping[str, Any]) -> list[str]:
    return [f"Assaymark {escaping.markdown(audit['assaymark'])}; its audit.json holds every number and how it was computed."]


_SECTIONS: Mapping[str, Mapping[str, Answer | None]] = {
    "Motivation": {
        "What was it made for?": None,
        "Who made it, and for whom?": None,
        "Who paid for it?": None,
    },
    "Composition": {
        "What is a row, and how many are there?": _rows,
        "What columns has a row?": _columns,
        "What does each column mean?": None,
        "Is it a sample of something larger?": _sample,
        "Is there a label or target?": _label,
        "What is missing from rows?": _gaps,
        "Which splits are recommended?": _splits,
        "Which errors and noise are known?": _errors,
        "Which groups of people does it tell apart, and how are they spread?": _groups,
        "Can a person be recognised from it?": _identifiable,
        "What in it is sensitive?": _sensitive,
    },
    "Collection process": {
        "How did the rows come about?": origin.steps,
        "How, when and by whom were the real data collected?": None,
        "Did the people know and agree, and can they withdraw?": None,
        "Was there an ethical review, or an assessment of what it does to people?": None,
    },
    "Preprocessing, cleaning and labelling": {
        "How were values read?": _nulls,
        "What was done to the real data before?": None,
        "Which software was used?": _tools,
    },
    "Uses": {
        "What has it been used for, and what is it meant for?": None,
        "What could go wrong in use, and what speaks against a use?": _risks,
        "What must it not be used for?": None,
    },
    "Distribution": {
        "Who gets it, how and when?": None,
        "Under which licence or terms?": None,
        "Do others have rights in the real data, or do export rules apply?": None,
    },
    "Maintenance": {
        "Who looks after it, and how are they reached?": None,
        "Will it be updated or withdrawn, and who will be told?": None,
        "How can others correct or extend it?": None,
    },
}
