"""Logs of a few entries, made once and copied."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from assaymark.provenance.signing import open_development_signer
from assaymark.provenance.transparency.entries import Stamp
from assaymark.provenance.transparency.storage import Log

CREATED = "2026-01-01T00:00:00Z"


def stamp(number: int, **change):
    """Make the entry of a made-up release."""
    fields = {"what": "release", "name": f"release-{number}", "sha256": f"{number:064x}", "manifest": f"{number + 1000:064x}"}
    return lambda now: Stamp(**{**fields, "created": now, "logged": now, **change})


@pytest.fixture(scope="session")
def signer():
    return open_development_signer()


@pytest.fixture(scope="session")
def make_stamp() -> Callable:
    return stamp


@pytest.fixture(scope="session")
def seven(tmp_path_factory, signer) -> Path:
    """A log of seven releases; tests copy it."""
    path = tmp_path_factory.mktemp("log") / "log.sqlite"
    with Log(path, create=True) as log:
        for number in range(7):
            log.append(stamp(number), signer)
    return path


@pytest.fixture
def own(seven, tmp_path) -> Path:
    """A copy of that log, to be spoiled."""
    return Path(shutil.copy(seven, tmp_path / "log.sqlite"))
