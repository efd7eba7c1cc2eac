"""The catalogue of the conformance kit is that of the code."""

from __future__ import annotations

import re
from pathlib import Path

from assaymark.testing.conformance.catalogue import KINDS, KIT, checks_of

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "conformance.md").read_text()


def test_every_check_is_listed_with_its_title():
    rows = re.findall(r"^\| `([a-z_.]+)` \| (.+) \|$", PAGE, flags=re.MULTILINE)
    assert rows == [(check.id, check.title) for kind in KINDS for check in checks_of(kind)]
    assert f"version {KIT} of the kit" in PAGE
