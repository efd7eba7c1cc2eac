"""Where a table comes from and what was found, in lines of Markdown that cards and datasheets share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assaymark_reports import escaping, wording

if TYPE_CHECKING:
    from collections.abc import Mapping

_UNKNOWN = "The table was brought along for an audit; how it was made is not known."
_VERDICTS = {"pass": "holds", "fail": "failed", "inconclusive": "undecided"}


def what(audit: Mapping[str, Any]) -> str:
    """Return what the table is, in a sentence or two."""
    table, generator = audit["datasets"]["synthetic"], audit["generator"]
    size = f"{table['rows']:,} rows and {table['columns']} columns"
    if generator is None:
        return f"A table of {size}, audited as synthetic. {_UNKNOWN}"
    return f"A synthetic table of {size}, sampled from the generator {escaping.markdown(generator['name'])}."


def steps(audit: Mapping[str, Any]) -> list[str]:
    """Return how the table was made, as far as the audit knows, step by step."""
    data, generator = audit["datasets"], audit["generator"]
    notes = [escaping.markdown(note) for note in (*(generator or {}).get("notes", ()), *data["synthetic"]["notes"])]
    if generator is None:
        return [_UNKNOWN, *notes]
    about = " ".join((generator["name"], generator["version"], f"({generator['distribution']})"))
    seed = "" if generator["seed"] is None else f", seed {generator['seed']}"
    return [
        (
            f"The generator {escaping.markdown(about)} was fitted to {data['real']['rows']:,} real rows, not disclosed. "
            f"A salted commitment binds their holder: `{data['real']['commitment']}`."
        ),
        f"{data['synthetic']['rows']:,} rows were sampled from it{seed}.",
        privacy(generator),
        *notes,
    ]


def privacy(generator: Mapping[str, Any]) -> str:
    """Return what the generator claims of differential privacy."""
    claim = generator.get("privacy")
    if claim is None:
        return "The generator claims no differential privacy."
    mechanism = escaping.markdown(str(claim["mechanism"]))
    return f"The generator claims differential privacy by {mechanism}: as claimed, not as proven."


def findings(audit: Mapping[str, Any], family: str) -> list[str]:
    """Return each gated finding of a family with what came of its gate."""
    gated = [f for f in audit["findings"] if f["gate"] != "ungated" and str(f["id"]).partition(".")[0] == family]
    if not gated:
        return [f"No finding about {family} was gated by this policy."]
    return [f"{escaping.markdown(wording.sentence(finding))} Gate: {_VERDICTS[finding['gate']]}." for finding in gated]
