"""in-toto: a statement about the synthetic table, for supply-chain tools.

Statement 1 with the predicate "test result" 0.1 of the in-toto attestation framework: each gate of the policy is a test. What
that predicate has no field for stands in one extension field, named by a URI as its parsing rules ask.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"
EXTENSION = "urn:assaymark:audit:1"
_RESULTS = {"pass": "PASSED", "inconclusive": "WARNED", "fail": "FAILED"}
_COMMON = frozenset({"target", "positive"})  # of the whole audit, not of one finding


def render(audit: Mapping[str, Any]) -> bytes:
    """Return the statement as JSON; it is signed by whoever puts it into an envelope."""
    table = audit["datasets"]["synthetic"]
    tests: dict[str, list[str]] = {gate: [] for gate in _RESULTS}
    for finding in audit["findings"]:
        if finding["gate"] in tests:
            tests[finding["gate"]].append(_test(finding))
    document = {
        "_type": STATEMENT,
        "subject": [{"name": table["file"], "digest": {"sha256": table["sha256"]}}],
        "predicateType": PREDICATE,
        "predicate": {
            "result": _RESULTS[audit["verdict"]],
            "configuration": [{"name": "policy.toml", "digest": {"sha256": audit["policy"]["sha256"]}}],
            "passedTests": tests["pass"],
            "warnedTests": tests["inconclusive"],
            "failedTests": tests["fail"],
            EXTENSION: {
                "created": audit["created"],
                "assaymark": audit["assaymark"],
                "policy": audit["policy"]["name"],
                "generator": _generator(audit["generator"]),
                "real": audit["datasets"]["real"],
                "holdout": audit["datasets"]["holdout"],
                "ungated": audit["summary"]["gates"]["ungated"],
                "notTested": [entry["what"] for entry in audit["not_tested"]],
            },
        },
    }
    return (json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _test(finding: Mapping[str, Any]) -> str:
    """Return the name of a gate: the finding and what it is about, such as ``bias.impact_ratio[protected=sex]``."""
    scope = finding["scope"]
    parts = [f"{key}={_plain(value)}" for key, value in scope.items() if key not in _COMMON and value not in (None, "", [])]
    return f"{finding['id']}[{';'.join(parts)}]" if parts else str(finding["id"])


def _plain(value: Any) -> str:
    return "+".join(str(each) for each in value) if isinstance(value, list) else str(value)


def _generator(generator: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if generator is None:
        return None
    return {key: generator[key] for key in ("name", "distribution", "version", "digest", "seed")}
