"""More than a thousand seeded changes to the files of a release: none verifies, none crashes, each names its file and reason.

The files are those of a real run, and one of each kind: a table as CSV and as Parquet, and all that is made beside it.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet
import pytest

from assaymark.provenance import independent, manifests
from assaymark.provenance.digests import Fingerprint
from assaymark.provenance.file_checks import check_content
from assaymark.provenance.jumbf import read_store
from assaymark.provenance.keys import trusted_anchors
from assaymark.provenance.signing import open_development_signer
from assaymark.provenance.stamping import ReleaseClaims, stamp_release
from assaymark.provenance.verification import check_entry, verify_release

FILES = ("synthetic.csv", "synthetic.parquet", "audit.json", "cubes.json", "policy.toml", "report.html", "croissant.json")
SIDECARS = tuple(f"{name}.c2pa" for name in FILES)
OVER = ("release.json", "release.json.c2pa")
EACH = 10  # changes of each kind to each file
WHOLE = 5  # of these, one in so many is laid into the folder and the whole release is verified
READERS = (manifests.read_manifest, independent.read_manifest)
OF_A_SIDECAR = {"not_canonical", "invalid"}
BLOCK = 16


def _place(rng: random.Random, size: int) -> int:
    return rng.randrange(size)


def _flip(rng: random.Random, content: bytes) -> bytes:
    changed = bytearray(content)
    changed[_place(rng, len(content))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _insert(rng: random.Random, content: bytes) -> bytes:
    place = _place(rng, len(content))
    return content[:place] + rng.randbytes(rng.randint(1, BLOCK)) + content[place:]


def _delete(rng: random.Random, content: bytes) -> bytes:
    place = _place(rng, len(content))
    return content[:place] + content[place + rng.randint(1, BLOCK) :]


def _truncate(rng: random.Random, content: bytes) -> bytes:
    return content[: _place(rng, len(content))]


def _append(rng: random.Random, content: bytes) -> bytes:
    return content + rng.choice([b"\0", b"\n", b" ", content, rng.randbytes(rng.randint(1, 4 * BLOCK))])


def _prepend(rng: random.Random, content: bytes) -> bytes:
    return rng.choice([b"\0", b"\n", b"\xef\xbb\xbf", content, rng.randbytes(rng.randint(1, 4 * BLOCK))]) + content


def _swap(rng: random.Random, content: bytes) -> bytes:
    """Exchange two blocks that do not overlap."""
    size = min(BLOCK, len(content) // 2)
    first = rng.randrange(len(content) - 2 * size + 1)
    second = rng.randrange(first + size, len(content) - size + 1)
    one, other = content[first : first + size], content[second : second + size]
    return content[:first] + other + content[first + size : second] + one + content[second + size :]


KINDS: Mapping[str, Callable[[random.Random, bytes], bytes]] = {
    "flip": _flip,
    "insert": _insert,
    "delete": _delete,
    "truncate": _truncate,
    "append": _append,
    "prepend": _prepend,
    "swap": _swap,
}


def mutations(content: bytes, kind: str, seed: str, count: int) -> Iterator[bytes]:
    """Yield ``count`` changed contents, each different from the original."""
    rng = random.Random(f"{seed} {kind}")
    made = 0
    while made < count:
        changed = KINDS[kind](rng, content)
        if changed != content:
            made += 1
            yield changed


def test_the_corpus_has_more_than_a_thousand_changes():
    assert len(FILES + SIDECARS + OVER) * len(KINDS) * EACH == 1120


@pytest.fixture(scope="module")
def every(release, tmp_path_factory) -> Path:
    """A release with every kind of file."""
    folder = tmp_path_factory.mktemp("every") / "out"
    folder.mkdir()
    for name in FILES:
        if (release / name).exists():
            shutil.copy(release / name, folder / name)
    pyarrow.parquet.write_table(pyarrow.csv.read_csv(folder / "synthetic.csv"), folder / "synthetic.parquet")
    audit = json.loads((folder / "audit.json").read_bytes())
    claims = ReleaseClaims.of(audit, audit["assaymark"])
    with open_development_signer() as signer:
        stamp_release(folder, signer, claims=claims)
    return folder


@pytest.fixture(scope="module")
def contents(every) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in every.iterdir()}


@pytest.fixture
def copy(every, tmp_path) -> Path:
    shutil.copytree(every, tmp_path / "copy")
    return tmp_path / "copy"


def found(problems) -> list[tuple[str, str]]:
    return [(problem.file, problem.code) for problem in problems]


def by_both(check) -> list[tuple[str, str]]:
    """Return what both readers find, which must be the same."""
    library, own = (found(check(read)) for read in READERS)
    assert library == own
    return own


def test_the_release_with_every_kind_of_file_is_intact(every, contents):
    assert set(contents) == {*FILES, *SIDECARS, *OVER}
    for read in READERS:
        checked = verify_release(every, trusted_anchors(), read)
        assert (checked.problems, checked.trusted) == ((), True)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FILES)
def test_changed_files_are_altered(copy, contents, name, kind):
    """Alone with its sidecar, by the digest that the manifest signs; in its release, by the digest that release.json pins."""
    anchors, sidecar = trusted_anchors(), contents[f"{name}.c2pa"]
    for number, changed in enumerate(mutations(contents[name], kind, name, EACH)):
        mark = Fingerprint.of(changed)
        assert by_both(lambda read: check_content(name, mark, sidecar, anchors, read).problems) == [(name, "altered")]  # noqa: B023
        (copy / name).write_bytes(changed)
        assert in_release(copy, contents, name, name, whole=number % WHOLE == 0) == [(name, "altered")]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FILES)
def test_changed_sidecars_are_not_canonical_or_invalid(copy, contents, name, kind):
    anchors, beside, mark = trusted_anchors(), f"{name}.c2pa", Fingerprint.of(contents[name])
    for number, changed in enumerate(mutations(contents[beside], kind, beside, EACH)):
        ((file, code),) = by_both(lambda read: check_content(name, mark, changed, anchors, read).problems)  # noqa: B023
        assert file == beside
        assert code in OF_A_SIDECAR
        (copy / beside).write_bytes(changed)
        assert in_release(copy, contents, name, beside, whole=number % WHOLE == 0) == [(beside, "altered")]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", OVER)
def test_changes_over_the_release_are_found(copy, contents, name, kind):
    for changed in mutations(contents[name], kind, name, EACH):
        (copy / name).write_bytes(changed)
        ((file, code),) = by_both(lambda read: verify_release(copy, trusted_anchors(), read).problems)
        assert file == name
        assert code in ({"altered"} if name == "release.json" else OF_A_SIDECAR)


def in_release(folder: Path, contents, name: str, changed: str, *, whole: bool) -> list[tuple[str, str]]:
    """Return what is found of a file that was changed in a release; now and then the whole is verified, which takes long."""
    anchors = trusted_anchors()
    entry = next(each for each in json.loads(contents["release.json"])["files"] if each["name"] == name)
    nested = {box.label: box for box in read_store(contents["release.json.c2pa"])[:-1]}
    one = by_both(lambda read: check_entry(folder, entry, anchors, nested, read)[0])
    if whole:
        assert by_both(lambda read: verify_release(folder, anchors, read).problems) == one
    assert hashlib.sha256((folder / changed).read_bytes()).digest() != hashlib.sha256(contents[changed]).digest()
    return one
