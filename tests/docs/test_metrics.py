"""``docs/metrics.md`` describes what the built-in checks declare, no more and no less."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from assaymark.checks.plugin import assaymark_checks
from assaymark.policy.loading import default_policy_source, parse_policy

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "metrics.md").read_text()
DECLARED = {identifier: check.family.value for check in assaymark_checks() for identifier in check.ids}
ENTRIES = dict(re.findall(r"^### `([a-z_.]+)`\n\n((?:- .*\n)+)", PAGE, flags=re.MULTILINE))
FIELDS = ("Formula", "Range", "Inputs", "Source", "Caveats", "Gated")


def test_each_finding_has_an_entry_and_each_entry_a_finding():
    assert set(ENTRIES) == set(DECLARED)


@pytest.mark.parametrize("identifier", sorted(DECLARED))
def test_an_entry_says_all_that_a_reader_needs(identifier):
    said = dict(re.findall(r"^- \*\*(\w+)\*\*: (.+)$", ENTRIES[identifier], flags=re.MULTILINE))
    assert tuple(said) == FIELDS
    gated = parse_policy(default_policy_source(), "default", None).gated
    assert said["Gated"].startswith("yes" if identifier in gated else "no")
