"""NYC Local Law 144: the tables of a bias audit of an automated employment decision tool, as far as an audit holds them.

Source: 6 RCNY 5-300 to 5-303, as adopted in April 2023. The tables are evidence relevant to that rule, and no more: whether the
target is what a tool decided, and whether the rows may be used, only a person can say.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from assaymark_reports import escaping, origin
from assaymark_reports.impact import Assessed, Category, Counted, assess

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from fractions import Fraction

_SMALLEST = 10
_POOLED, _MISSING = "_pooled", "(missing)"
_KINDS = {
    **dict.fromkeys(("sex", "gender"), "sex"),
    **dict.fromkeys(("race", "ethnicity", "ethnic", "ethnic_group", "race_ethnicity", "race/ethnicity"), "race"),
}
_DATA = {"synthetic": "Synthetic rows (test data)", "real": "Real rows, as published"}
_HEADER = {"Category": "---", "Number": "---:", "Selected": "---:", "Selection rate": "---:", "Impact ratio": "---:"}
_WANTED = {"sex": "Sex categories", "race": "Race/ethnicity categories", "both": "Intersectional categories"}
_PERSON = (
    "whether the target is what an automated employment decision tool decided, and in which groups it classifies",
    "whether the categories are those of the EEO-1 report, which the rule asks for",
    "the independent auditor, and that auditor's justification for each category left out under 5-301(d)",
    "why historical data were not used, where test data are (5-302(b))",
    "the source and explanation of the data that the audit used (5-303(a)(1))",
    "the distribution date of the tool (5-303(a)(2))",
)


def render(audit: Mapping[str, Any]) -> bytes:
    """Return the tables as Markdown; the same audit gives the same bytes."""
    found: dict[str, Mapping[str, Any]] = {}
    others: list[Mapping[str, Any]] = []
    for table in audit["tables"]:
        kind = _kind(table["protected"])
        if kind is None or kind in found:
            others.append(table)
        else:
            found[kind] = table
    lines = _head(audit)
    for kind, title in _WANTED.items():
        lines += [f"## {title}", "", *(_scope(audit, found[kind]) if kind in found else [_absent(kind), ""])]
    for table in others:
        lines += [f"## Beyond these: {escaping.markdown(' and '.join(table['protected']))}", "", *_scope(audit, table)]
    lines += ["## How the rows came about (5-302(b))", "", *(f"- {line}" for line in origin.steps(audit)), ""]
    lines += ["## What only a person can say", "", *(f"- {text}" for text in _PERSON), ""]
    return "\n".join(lines).encode()


def smallest(audit: Mapping[str, Any]) -> int:
    """Return the smallest count that is shown: ten, or more where the policy asks for more."""
    return max(_SMALLEST, int(audit["policy"]["small_cell"]))


def assessed(audit: Mapping[str, Any], table: Mapping[str, Any], data: str) -> Assessed | None:
    """Return the rates and impact ratios of ``real`` or ``synthetic`` rows of a scope; None where nothing is published."""
    if not table[data]:
        return None
    known: list[Counted] = []
    unknown: list[Counted] = []
    pooled = None
    for row in table[data]:
        counted = Counted(row["group"], row["n"], row["positive"])
        if row["group"] == _POOLED:
            pooled = counted
        elif _MISSING in parts(row["group"]):
            unknown.append(counted)
        else:
            known.append(counted)
    together = Counted(_MISSING, sum(each.n for each in unknown), sum(each.selected for each in unknown)) if unknown else None
    return assess(known, together, pooled, smallest=smallest(audit))


def parts(group: str) -> list[str]:
    """Return the labels of a group's name: those of an intersection stand between ``&``, ambiguous ones in quotes."""
    found, rest = list[str](), group
    while True:
        label, rest = _label(rest)
        found.append(label)
        if not rest:
            return found
        rest = rest.removeprefix(" & ")


def _label(text: str) -> tuple[str, str]:
    if text.startswith('"'):
        try:
            label, end = json.JSONDecoder().raw_decode(text)
        except ValueError:
            return text, ""
        return str(label), text[end:]
    label, between, rest = text.partition(" & ")
    return label, between + rest if rest else ""


def _kind(protected: Sequence[str]) -> str | None:
    """Return which table of the rule a scope is: ``sex``, ``race``, ``both`` together, or None."""
    kinds = sorted(_KINDS.get(name.casefold(), "") for name in protected)
    if kinds == ["race", "sex"]:
        return "both"
    return kinds[0] or None if len(kinds) == 1 else None


def _head(audit: Mapping[str, Any]) -> list[str]:
    task = audit["task"]
    target = escaping.markdown(f"{task['target']} {task['positive']}")
    return [
        "# NYC Local Law 144: selection rates and impact ratios",
        "",
        (
            "Evidence relevant to 6 RCNY 5-301 and 5-303 (text adopted in April 2023). It is no independent bias audit, "
            "and no statement of compliance with a law. The rule sets no threshold for an impact ratio."
        ),
        "",
        f"- Selected means: {target}. Audit of {escaping.markdown(audit['created'])}, verdict {audit['verdict']}.",
        (
            "- Selection rate: selected people over all people of the category. Impact ratio: that rate over the rate of "
            "the most selected category."
        ),
        (
            "- A category under 2 % of the data is left out of the impact ratios, as 5-301(d) lets an auditor do; its number "
            "and its selection rate are shown."
        ),
        (
            f"- Numbers under {smallest(audit)} are not shown; what they leave open is given as a range. Where the most "
            "selected category may be one that cannot be shown, impact ratios are withheld."
        ),
        "- Which column holds sex, and which race/ethnicity, is taken from its name.",
        *_scored(audit),
        "",
    ]


def _scored(audit: Mapping[str, Any]) -> list[str]:
    above = audit["task"]["positive_above"]
    if above is None:
        return []
    return [
        (
            f"- The target is a score, and selected means above {escaping.markdown(str(above))} of the real rows. A scoring "
            "rate by 5-301(c) takes the median of the sample itself, so synthetic rows may differ from it."
        )
    ]


def _absent(kind: str) -> str:
    if kind == "both":
        return "Not in this audit: it has no table by sex and race/ethnicity together."
    return f"Not in this audit: no protected column is named as {_WANTED[kind].split()[0].lower()}."


def _scope(audit: Mapping[str, Any], table: Mapping[str, Any]) -> list[str]:
    lines: list[str] = []
    for data, title in _DATA.items():
        found = assessed(audit, table, data)
        lines += [f"### {title}: {escaping.markdown(' and '.join(table['protected']))}", ""]
        if found is None:
            lines += ["Nothing of this is published: small groups could be worked out from it.", ""]
            continue
        lines += [*escaping.table(_HEADER, [_row(each, smallest(audit)) for each in found.categories]), ""]
        lines += [f"- {line}" for line in _notes(found, audit["task"]["target_missing"].get(data) or 0, smallest(audit))]
        lines.append("")
    return lines


def _row(each: Category, least: int) -> list[str]:
    number = f"fewer than {least}" if each.n is None else f"{each.n:,}"
    if each.n is None:
        return [each.name, number, "not shown", "not shown", _ratio(each)]
    selected = _selected(each, least)
    return [each.name, number, selected, _range(each.rate, 100, 1, " %"), _ratio(each)]


def _selected(each: Category, least: int) -> str:
    if each.selected is not None:
        return f"{each.selected:,}"
    return f"fewer than {least}" if each.rate[0] == 0 else f"all but fewer than {least}"


def _ratio(each: Category) -> str:
    if not each.included:
        return "left out, under 2 %"
    return "withheld" if each.ratio is None else _range(each.ratio, 1, 3, "")


def _range(ends: tuple[Fraction, Fraction], scale: int, places: int, unit: str) -> str:
    low, high = (f"{float(scale * end):.{places}f}" for end in ends)
    if ends[0] == ends[1]:
        return low + unit
    return f"at most {high}{unit}" if ends[0] == 0 else f"{low} to {high}{unit}"


def _notes(found: Assessed, without_target: int, least: int) -> list[str]:
    top = found.most_selected
    notes = [
        "Impact ratios are withheld: the most selected category is not certain."
        if top is None
        else f"Most selected category: {escaping.markdown(top)}.",
        f"Rows used: {found.total:,}.",
        f"Unknown category: {_unknown(found, least)}, in no line above.",
    ]
    if found.pooled is not None:
        notes.append(f"Categories too small to name, together: {found.pooled.n:,} rows, {found.pooled.selected:,} selected.")
    if without_target:
        told = f"{without_target:,}" if without_target >= least else f"fewer than {least}"
        notes.append(f"Rows without an outcome, in no table: {told}.")
    return notes


def _unknown(found: Assessed, least: int) -> str:
    if found.unknown is not None:
        return f"{found.unknown:,}"
    return f"fewer than {least}, or among those too small to name"
