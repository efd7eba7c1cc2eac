"""Every parser of what a stranger wrote, as a function of bytes that lets nothing through but our own coded errors.

Hypothesis (``test_parsers.py``) and atheris (``coverage_guided.py``) both run these.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from assaymark.errors import AssaymarkError, InternalError
from assaymark.provenance import independent, manifests
from assaymark.provenance.digests import Fingerprint
from assaymark.provenance.file_checks import check_content

LIMIT = 16 * 2**20
Parser = Callable[[bytes], object]


def store(content: bytes) -> object:
    from assaymark.provenance.jumbf import read_store

    return read_store(content)


def cose(content: bytes) -> object:
    from assaymark.provenance.jumbf import canonical_cbor

    return canonical_cbor(content)


def sidecar(content: bytes) -> object:
    """Both readers, which must find the same."""
    mark = Fingerprint.of(b"a file")
    found = [
        check_content("a.csv", mark, content, (), read).problems
        for read in (manifests.read_manifest, independent.read_manifest)
    ]
    told = [[(problem.file, problem.code) for problem in problems] for problems in found]
    assert told[0] == told[1], told
    assert told[0], "a sidecar of another file"
    return told


def json_document(content: bytes) -> object:
    from assaymark.provenance.strict_json import loads_strict

    value = loads_strict(content, max_bytes=LIMIT)
    assert value == json.loads(content)
    return value


def release(content: bytes) -> object:
    from assaymark.provenance.listing import release_document

    return release_document(content)


def cubes(content: bytes) -> object:
    from assaymark.cubes.document import cubes_document, read_cubes
    from assaymark.provenance.strict_json import loads_strict

    found = read_cubes(loads_strict(content, max_bytes=LIMIT))
    json.dumps(cubes_document(found))
    return found


def audit(content: bytes) -> object:
    from assaymark.provenance.strict_json import loads_strict
    from assaymark.results.document import validate_audit

    document = loads_strict(content, max_bytes=LIMIT)
    validate_audit(document)
    return document


def policy(content: bytes) -> object:
    from assaymark.policy.loading import parse_policy

    return parse_policy(content, "policy.toml", None)


def schema_file(content: bytes) -> object:
    from assaymark.tables.schema_file import read_schema_file

    return _from_file(content, read_schema_file)


def private_key(content: bytes) -> object:
    from assaymark.provenance.key_files import load_private_key

    return _from_file(content, lambda path: load_private_key(path, lambda: b"passphrase"))


def anchor(content: bytes) -> object:
    """A trust anchor, before both readers."""
    return [read(SIDECAR, b"0" * 32, [content]).state for read in (manifests.read_manifest, independent.read_manifest)]


def disclosure(content: bytes) -> object:
    from assaymark.provenance.disclosure import read_salts

    return _from_file(content, read_salts)


def proof(content: bytes) -> object:
    """A proof of the transparency log."""
    from assaymark.provenance.strict_json import loads_strict
    from assaymark.provenance.transparency.proofs import check_proof

    return check_proof(loads_strict(content, max_bytes=LIMIT), ())


def _from_file(content: bytes, read: Callable[[Path], object]) -> object:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.touch(mode=0o600)
        path.write_bytes(content)
        return read(path)


SIDECAR = b""  # whoever runs these puts a good one here
TARGETS: Mapping[str, Parser] = {
    each.__name__: each
    for each in (
        store, cose, sidecar, json_document, release, cubes, audit, policy, schema_file, private_key, anchor, disclosure, proof,
    )
}  # fmt: skip


def accepts(target: Parser, content: bytes) -> bool:
    """Return whether a parser takes bytes; anything but a coded error of ours goes through."""
    try:
        target(content)
    except InternalError:
        raise  # that is how we call what should not have happened
    except AssaymarkError as error:
        json.dumps(error.document())
        return False
    return True


def examples(folder: Path) -> dict[str, list[bytes]]:
    """Return good inputs of every parser, from a release folder and its keys; mutations start from these."""
    from assaymark.provenance.keys import keys_folder, trusted_anchors

    read: Callable[[str], bytes] = lambda name: (folder / name).read_bytes()  # noqa: E731
    salts: dict[str, Any] = {"commitment": "ab" * 32, "salt": "cd" * 32}
    opened = {"schema": "assaymark-disclosure/1", "opens": "x", "real": salts, "holdout": salts}
    return {
        "store": [read("policy.toml.c2pa"), read("synthetic.csv.c2pa")],
        "cose": [_signature(read("policy.toml.c2pa"))],
        "sidecar": [read("policy.toml.c2pa"), read("synthetic.csv.c2pa")],
        "json_document": [read("cubes.json"), read("release.json")],
        "release": [read("release.json")],
        "cubes": [read("cubes.json")],
        "audit": [read("audit.json")],
        "policy": [read("policy.toml")],
        "schema_file": [b'[columns.age]\nkind = "integer"\n', b'[columns."a b"]\norder = ["x", "y"]\n'],
        "private_key": [next(keys_folder().glob("*key*.pem")).read_bytes()],
        "anchor": trusted_anchors(),
        "disclosure": [json.dumps(opened).encode()],
        "proof": [b'{"schema": "assaymark-log-proof/1", "kind": "inclusion", "entry": "", "path": [], "head": {}}'],
    }


def _signature(content: bytes) -> bytes:
    from assaymark.provenance.jumbf import read_store

    return read_store(content)[-1].child("c2pa.signature").contents[0][1]
