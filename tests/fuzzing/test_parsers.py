"""No parser of a stranger's bytes raises anything but a coded error of ours, or takes a second; the same examples each time."""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
import changing
import targets

BOUNDED = settings(
    derandomize=True,
    deadline=None,  # of wall time, which depends on what else runs; processor time is looked at below
    database=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
SEEDS = st.integers(0, 2**64 - 1)
DOCUMENTS = ("json_document", "release", "cubes", "audit", "disclosure", "proof")
LONGEST = 1.0  # seconds of processor time


@pytest.fixture(scope="module")
def good(release) -> dict[str, list[bytes]]:
    targets.SIDECAR = (release / "policy.toml.c2pa").read_bytes()
    return targets.examples(release)


def look(name: str, content: bytes) -> None:
    began = time.thread_time()
    targets.accepts(targets.TARGETS[name], content)
    assert time.thread_time() - began < LONGEST


@pytest.mark.parametrize("name", sorted(targets.TARGETS))
def test_good_inputs_are_taken(good, name):
    """Else the changes below would never get far."""
    for content in good[name]:
        assert targets.accepts(targets.TARGETS[name], content)


@pytest.mark.parametrize("name", sorted(targets.TARGETS))
def test_bytes_without_sense(good, name):
    @BOUNDED
    @given(st.binary(max_size=2000))
    def check(content: bytes) -> None:
        look(name, content)

    check()


@pytest.mark.parametrize("name", sorted(targets.TARGETS))
def test_good_bytes_changed_in_a_few_places(good, name):
    @BOUNDED
    @given(SEEDS)
    def check(seed: int) -> None:
        look(name, changing.bytes_of(good[name][seed % len(good[name])], seed))

    check()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_good_documents_with_values_changed(good, name):
    @BOUNDED
    @given(SEEDS)
    def check(seed: int) -> None:
        look(name, changing.json_of(good[name][seed % len(good[name])], seed))

    check()


@pytest.mark.parametrize("name", ["audit.json", "cubes.json"])
def test_releases_with_values_changed_are_recomputed_or_refused(release, tmp_path, name):
    """What a stranger may sign: any audit and any cubes; there is an answer to all of them."""
    from assaymark.errors import ReleaseError
    from assaymark.pipeline.recomputing import recompute

    folder = tmp_path / "out"
    shutil.copytree(release, folder)
    document = json.loads((release / name).read_bytes())

    @settings(BOUNDED, max_examples=60)
    @given(SEEDS)
    def check(seed: int) -> None:
        changed = changing.document_of(document, seed)
        (folder / name).write_text(json.dumps(changed))
        with contextlib.suppress(ReleaseError):
            assert recompute(folder).problems or changed == document or name == "audit.json"

    check()


def test_a_trust_anchor_that_is_no_text_trusts_nobody(good):
    """Found by the above: the library was handed bytes as text."""
    assert targets.anchor(b"\xff\xfe\x00") == targets.anchor(b"no PEM at all")
    assert "trusted" not in targets.anchor(b"\xff\xfe\x00")
