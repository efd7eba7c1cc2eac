"""Time stamps: a real authority on this machine, tokens of other files, altered tokens, wrong clocks; by both readers."""

from __future__ import annotations

import shutil
import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from assaymark.errors import TimeStampError
from assaymark.provenance import independent, keys, manifests
from assaymark.provenance.authorities import TimedSigner, TimeStampAuthority, with_clock
from assaymark.provenance.cose import signature_of
from assaymark.provenance.jumbf import read_store
from assaymark.provenance.signing import open_development_signer
from assaymark.provenance.timestamps import TokenError, read_token
from assaymark.provenance.trust import Anchor, Trust
from assaymark.provenance.verification import verify_release

READERS = (manifests.read_manifest, independent.read_manifest)
PEM = serialization.Encoding.PEM
MESSAGE = b"what was there"


def trusting(*roots: bytes, clocks: tuple[bytes, ...] = ()) -> Trust:
    return Trust(tuple(map(Anchor, roots)), tuple(map(Anchor, clocks)))


class Stamping:
    """A signer with a clock of the test's own."""

    def __init__(self, signer, stamp) -> None:
        self.signer, self.time_stamp = signer, stamp
        self.algorithm, self.certificates, self.label = signer.algorithm, signer.certificates, signer.label

    def sign(self, data: bytes) -> bytes:
        return self.signer.sign(data)

    def __enter__(self):
        return self

    def __exit__(self, *exc: object) -> None: ...


def test_a_token_tells_the_time_and_the_authority(clock):
    here = clock("Clock of the house")
    before = datetime.now(UTC) - timedelta(seconds=2)
    token = TimeStampAuthority(here.url).stamp(MESSAGE)
    stamp = read_token(token, MESSAGE, trusting(clocks=(here.root,)))
    assert before <= stamp.time <= datetime.now(UTC) + timedelta(seconds=2)
    assert (stamp.authority, stamp.trusted) == ("Clock of the house", True)
    assert not read_token(token, MESSAGE, trusting()).trusted
    assert not read_token(token, MESSAGE, trusting(clock("Another").root)).trusted
    with pytest.raises(TokenError, match="other bytes"):
        read_token(token, MESSAGE + b".", trusting(here.root))


def test_every_change_of_a_token_is_found(clock):
    here = clock()
    token = TimeStampAuthority(here.url).stamp(MESSAGE)
    for place in range(len(token)):
        for bit in (0, 4, 7):
            changed = bytearray(token)
            changed[place] ^= 1 << bit
            try:
                stamp = read_token(bytes(changed), MESSAGE, trusting(here.root))
            except TokenError:
                continue
            assert not stamp.trusted, (place, bit)  # a changed name of its issuer, whom then nobody knows
    for changed in (token[:-1], token + b"\0", b"", b"\x30\x00", token * 2):
        with pytest.raises(TokenError):
            read_token(changed, MESSAGE, trusting(here.root))


@pytest.mark.parametrize("whole", [False, True])
def test_a_clock_below_an_intermediate_authority_as_most_are(clock, whole):
    """Its token brings the intermediate certificate along, and with some authorities the root, too."""
    here = clock()
    keys_ = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    authority_ = (x509.BasicConstraints(ca=True, path_length=None), True), (keys._usage(signs=False, issues=True), True)
    certify = here.certified
    root = certify("Root", keys_[0], "Root", keys_[0], *authority_)
    middle = certify("Middle", keys_[1], "Root", keys_[0], *authority_)
    stamps = (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (keys._usage(signs=True, issues=False), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True),
    )
    own = certify("Deep clock", here.key, "Middle", keys_[1], *stamps)
    (here.folder / "clock.pem").write_bytes(own.public_bytes(PEM))
    chain = [own, middle, root] if whole else [own, middle]
    (here.folder / "chain.pem").write_bytes(b"".join(each.public_bytes(PEM) for each in chain))
    token = TimeStampAuthority(here.url).stamp(MESSAGE)
    stamp = read_token(token, MESSAGE, trusting(clocks=(root.public_bytes(PEM),)))
    assert (stamp.authority, stamp.trusted, len(stamp.certificates)) == ("Deep clock", True, len(chain))
    assert not read_token(token, MESSAGE, trusting(here.root)).trusted


def test_a_token_made_apart_from_openssl_holds(clock):
    here, moment = clock(), datetime(2026, 3, 1, 12, tzinfo=UTC)
    stamp = read_token(here.token(MESSAGE, time=moment), MESSAGE, trusting(here.root))
    assert (stamp.time, stamp.trusted) == (moment, True)
    long_ago = here.token(MESSAGE, time=datetime(2001, 1, 1, tzinfo=UTC))  # before the authority had its certificate
    with pytest.raises(TokenError, match="does not hold"):
        read_token(long_ago, MESSAGE, trusting(here.root))


@pytest.mark.parametrize(
    ("purposes", "ca"),
    [
        ([ExtendedKeyUsageOID.EMAIL_PROTECTION], False),
        ([ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.EMAIL_PROTECTION], False),
        ([ExtendedKeyUsageOID.TIME_STAMPING], True),
    ],
)
def test_a_certificate_that_is_not_for_time_stamps_stamps_none(clock, purposes, ca):
    here = clock("No clock", purposes, ca=ca)
    with pytest.raises(TokenError, match="no certificate of a time-stamp authority"):
        read_token(here.token(MESSAGE), MESSAGE, trusting(here.root))


@pytest.mark.parametrize("read", READERS)
def test_a_release_is_stamped_and_says_when_and_by_whom(clock, stamped, authority, read):
    here = clock("Clock of the house")
    root, signer = authority()
    folder = stamped(TimedSigner(signer, TimeStampAuthority(here.url)))
    assert len(here.asked) == 6  # one for each sidecar
    checked = verify_release(folder, trusting(root, clocks=(here.root,)), read)
    assert (checked.problems, checked.trusted) == ((), True)
    assert checked.credentials.stamp.authority == "Clock of the house"
    assert checked.credentials.stamp.trusted
    unknown = verify_release(folder, trusting(root), read)
    assert (unknown.problems, unknown.trusted, unknown.credentials.stamp.trusted) == ((), True, False)


@pytest.mark.parametrize("read", READERS)
def test_the_root_of_a_clock_vouches_for_no_signer(clock, stamped, authority, read):
    """The C2PA library would let it."""
    root, signer = authority()
    checked = verify_release(stamped(TimedSigner(signer, TimeStampAuthority(clock().url))), trusting(clocks=(root,)), read)
    assert (checked.problems, checked.trusted) == ((), False)


def test_a_stamped_release_outlives_its_certificate(clock, stamped, authority):
    here = clock()
    root, signer = authority(lifetime=timedelta(seconds=5))
    end = time.monotonic() + 5
    folder = stamped(TimedSigner(signer, TimeStampAuthority(here.url)))
    assert time.monotonic() < end - 1, "the machine was too slow to sign while the certificate was valid"
    time.sleep(end - time.monotonic() + 1.5)
    for read in READERS:
        checked = verify_release(folder, trusting(root, clocks=(here.root,)), read)
        assert (checked.problems, checked.trusted) == ((), True)
        (problem,) = verify_release(folder, trusting(root), read).problems  # a clock that nobody vouches for proves nothing
        assert problem.code == "expired"


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("apart", [timedelta(days=-2), timedelta(days=2)])
def test_a_stamp_outside_the_validity_of_the_certificate_is_found(clock, stamped, authority, read, apart):
    here = clock()
    root, signer = authority()
    folder = stamped(Stamping(signer, lambda message: here.token(message, time=datetime.now(UTC) + apart)))
    (problem,) = verify_release(folder, trusting(root, here.root), read).problems
    assert problem.code in {"expired", "time_stamp"}


@pytest.mark.parametrize("read", READERS)
def test_a_stamp_of_the_future_is_found(clock, stamped, authority, read):
    here = clock()
    root, signer = authority()
    folder = stamped(Stamping(signer, lambda message: here.token(message, time=datetime.now(UTC) + timedelta(hours=2))))
    (problem,) = verify_release(folder, trusting(root, here.root), read).problems
    assert (problem.code, "future" in problem.message) == ("time_stamp", True)


@pytest.mark.parametrize("read", READERS)
def test_every_change_of_a_byte_of_a_stamped_manifest_is_found(clock, stamped, authority, read, tmp_path):
    here = clock()
    root, signer = authority()
    folder = stamped(TimedSigner(signer, TimeStampAuthority(here.url)))
    trust = trusting(root, here.root)
    sidecar = (folder / "release.json.c2pa").read_bytes()
    token = signature_of(read_store(sidecar)[-1]).token
    start, rng = sidecar.index(token), np.random.default_rng(3)
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    for place in (*range(start - 30, start), *rng.choice(len(token), 150, replace=False) + start):
        changed = bytearray(sidecar)
        changed[place] ^= 1 << int(rng.integers(8))
        (copy / "release.json.c2pa").write_bytes(changed)
        checked = verify_release(copy, trust, read)
        assert checked.problems, place


def test_a_stamp_that_was_taken_away_or_swapped_is_found(clock, stamped, authority):
    here = clock()
    root, signer = authority()
    folder = stamped(TimedSigner(signer, TimeStampAuthority(here.url)))
    trust = trusting(root, here.root)
    release, audit = ((folder / f"{name}.json.c2pa").read_bytes() for name in ("release", "audit"))
    theirs, ours = signature_of(read_store(audit)[-1]).token, signature_of(read_store(release)[-1]).token
    swapped = release.replace(ours, theirs[: len(ours)].ljust(len(ours), b"\0"))
    (folder / "release.json.c2pa").write_bytes(swapped)
    for read in READERS:
        assert [p.code for p in verify_release(folder, trust, read).problems] in (["time_stamp"], ["not_canonical"])


def refused(**kind):
    return pytest.raises(TimeStampError, **kind)


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (lambda here, query: (503, "text/plain", b"later"), "HTTP 503"),
        (lambda here, query: (302, "application/timestamp-reply", b""), "HTTP 302"),
        (lambda here, query: (200, "text/html", b"<p>hello"), "text/html"),
        (lambda here, query: (200, "application/timestamp-reply", b""), "cannot be read"),
        (lambda here, query: (200, "application/timestamp-reply", here.reply(query)[:-9]), "cannot be read"),
        (lambda here, query: (200, "application/timestamp-reply", b"\x30" * 70_000), "too long"),
        (lambda here, query: (200, "application/timestamp-reply", here.reply(here.asked[0])), "another request"),
        (lambda here, query: (200, "application/timestamp-reply", bytes.fromhex("30053003020102")), "cannot be read|REJECTION"),
    ],
)
def test_an_authority_that_gives_no_stamp_is_told_of_by_code(clock, answer, found):
    here = clock()
    authority = TimeStampAuthority(here.url)
    authority.stamp(MESSAGE)
    here.answer = lambda query: answer(here, query)
    with refused() as caught:
        authority.stamp(MESSAGE + b"!")
    assert caught.value.code == "AM610"
    import re

    assert re.search(found, caught.value.found)
    assert "--no-timestamp" in caught.value.remedy


def test_an_answer_to_another_request_for_the_same_bytes_is_refused(clock):
    here = clock()
    authority = TimeStampAuthority(here.url)
    authority.stamp(MESSAGE)
    here.answer = lambda query: (200, "application/timestamp-reply", here.reply(here.asked[0]))
    with refused() as caught:
        authority.stamp(MESSAGE)
    assert "another request" in caught.value.found


def test_an_authority_whose_clock_is_off_is_refused(clock, monkeypatch):
    from assaymark.provenance import authorities

    here = clock()
    monkeypatch.setattr(authorities, "SKEW", timedelta(seconds=-1))  # stands for a clock that is further off than allowed
    with refused(match="clocks"):
        TimeStampAuthority(here.url).stamp(MESSAGE)


@pytest.mark.parametrize(
    "url", ["ftp://clock.example", "clock.example", "http://", "http://name:secret@clock.example", "http://["]
)
def test_an_address_that_cannot_be_used(url):
    with refused() as caught:
        TimeStampAuthority(url)
    assert "secret" not in str(caught.value)


def test_an_authority_out_of_reach_is_told_of_before_anything_is_signed():
    with refused(match="cannot be reached"):
        with_clock(open_development_signer(), "http://127.0.0.1:9")


@pytest.mark.parametrize("read", READERS)
def test_a_stamp_outlives_the_certificate_of_its_clock(clock, stamped, authority, read):
    """Certificates are judged at the time that a stamp states: that of the clock ended since."""
    here, moment = clock(ends=timedelta(minutes=-1)), datetime.now(UTC) - timedelta(minutes=2)
    root, signer = authority()
    folder = stamped(Stamping(signer, lambda message: here.token(message, time=moment)))
    checked = verify_release(folder, trusting(root, clocks=(here.root,)), read)
    assert (checked.problems, checked.trusted, checked.credentials.stamp.trusted) == ((), True, True)
