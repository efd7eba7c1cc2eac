"""An implementation of C2PA that shares no code with ours or our library's says the same of our stamps: c2pa-ts, run by Node.

It does not check trust, and it forgives bytes that no signature covers, which we do not: so what it refuses we must refuse.
"""

from __future__ import annotations

import base64
import json
import random
import shutil
import subprocess
from pathlib import Path

import cbor2
import pyarrow as pa
import pyarrow.parquet
import pytest

from assaymark.provenance import independent, manifests
from assaymark.provenance.digests import Fingerprint
from assaymark.provenance.file_checks import check_content
from assaymark.provenance.jumbf import read_store
from assaymark.provenance.keys import trusted_anchors
from assaymark.provenance.signing import open_development_signer
from assaymark.provenance.stamping import stamp_file

HERE = Path(__file__).parent
FLIPS = 12  # of each file, and as many of each sidecar
READERS = (manifests.read_manifest, independent.read_manifest)


@pytest.fixture(scope="module")
def files(release, tmp_path_factory) -> dict[str, tuple[bytes, bytes]]:
    """A file of every kind with its sidecar: those of a release, and a Parquet table that was stamped alone."""
    found = {
        path.name: (path.read_bytes(), (release / f"{path.name}.c2pa").read_bytes())
        for path in sorted(release.iterdir())
        if path.suffix != ".c2pa"
    }
    table = tmp_path_factory.mktemp("table") / "table.parquet"
    pyarrow.parquet.write_table(pa.table({"a": [1, 2, 3]}), table)
    sidecar = stamp_file(table, open_development_signer())
    return found | {table.name: (table.read_bytes(), sidecar.read_bytes())}


@pytest.fixture(scope="module")
def other():
    """Return what the other implementation makes of (file, sidecar) pairs."""
    if shutil.which("node") is None:
        pytest.skip("Node is not installed; it runs the second implementation")
    if not (HERE / "node_modules").is_dir():
        pytest.skip("c2pa-ts is not installed: npm install --prefix tests/interop --no-save --ignore-scripts")

    def judge(pairs):
        lines = [
            json.dumps({"file": base64.b64encode(file).decode(), "sidecar": base64.b64encode(sidecar).decode()})
            for file, sidecar in pairs
        ]
        done = subprocess.run(
            ["node", "validate.mjs"], cwd=HERE, input="\n".join(lines) + "\n", capture_output=True, text=True, check=True
        )
        results = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(results) == len(pairs)
        return results

    return judge


def flipped(content: bytes, place: int, rng: random.Random) -> bytes:
    return content[:place] + bytes([content[place] ^ 1 << rng.randrange(8)]) + content[place + 1 :]


def signed_places(sidecar: bytes) -> list[int]:
    """Return the places of bytes that a signature covers: claim, assertions, signed header, and the signature itself."""
    active = read_store(sidecar)[-1]
    parts = [active.child("c2pa.claim.v2").contents[0][1]]
    parts += [content for box in active.child("c2pa.assertions").boxes for _, content in box.contents]
    protected, _, _, raw = cbor2.loads(active.child("c2pa.signature").contents[0][1]).value
    return [start + at for part in (*parts, protected, raw) for start in [sidecar.rindex(part)] for at in range(len(part))]


def ours(name: str, file: bytes, sidecar: bytes) -> list[bool]:
    anchors = trusted_anchors()
    return [not check_content(name, Fingerprint.of(file), sidecar, anchors, read).problems for read in READERS]


def test_every_kind_of_file_is_valid(files, other):
    assert {Path(name).suffix for name in files} >= {".csv", ".parquet", ".json", ".toml", ".html"}
    results = other(list(files.values()))
    for (name, (file, sidecar)), result in zip(files.items(), results, strict=True):
        assert (name, result["valid"], result["codes"]) == (name, True, [])
        assert result["manifests"] == len(read_store(sidecar))
        assert ours(name, file, sidecar) == [True, True]


def test_changed_files_are_refused_by_all(files, other):
    cases = [
        (name, flipped(file, rng.randrange(len(file)), rng), sidecar)
        for name, (file, sidecar) in files.items()
        for rng in [random.Random(name)]
        for _ in range(FLIPS)
    ]
    assert len(cases) >= 96
    for case, result in zip(cases, other([case[1:] for case in cases]), strict=True):
        assert (result["valid"], result["codes"]) == (False, ["assertion.dataHash.mismatch"])
        assert ours(*case) == [False, False]


def test_changed_sidecars_are_refused_by_all(files, other):
    cases = [
        (name, file, flipped(sidecar, rng.choice(places), rng))
        for name, (file, sidecar) in files.items()
        for rng, places in [(random.Random(name), signed_places(sidecar))]
        for _ in range(FLIPS)
    ]
    assert len(cases) >= 96
    for case, result in zip(cases, other([case[1:] for case in cases]), strict=True):
        assert not result["valid"], case[0]
        assert ours(*case) == [False, False]


def test_whatever_the_other_refuses_we_refuse(files, other):
    """Anywhere in a sidecar, padding included: there the other may forgive what we do not."""
    rng = random.Random("anywhere")
    cases = [
        (name, file, flipped(sidecar, rng.randrange(len(sidecar)), rng))
        for name, (file, sidecar) in files.items()
        for _ in range(FLIPS)
    ]
    results = other([case[1:] for case in cases])
    assert any(result["valid"] for result in results)  # else the comparison would show nothing of our own strictness
    for case in cases:
        assert ours(*case) == [False, False]
