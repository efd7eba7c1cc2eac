"""Whom a verifier trusts, who counts no longer, and what verification says of it all in words."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from assaymark.errors import MissingFileError, TrustError
from assaymark.pipeline.requests import TrustRequest, VerifyRequest
from assaymark.pipeline.verifying import verify
from assaymark.provenance import keys
from assaymark.provenance.authorities import TimedSigner, TimeStampAuthority
from assaymark.provenance.revocation import parse_revocations
from assaymark.provenance.signing import PemSigner, open_development_signer
from assaymark.provenance.stamping import stamp_file

PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER


class House:
    """An authority of the tests' own, a signer that it certifies, and a file that this one stamps."""

    def __init__(self, folder: Path, lifetime: timedelta = timedelta(days=100)) -> None:
        self.folder, self.root_key, key = folder, *(ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        self.root_certificate, now = keys._root(self.root_key), datetime.now(UTC).replace(microsecond=0)
        attributes = [
            x509.NameAttribute(NameOID.COMMON_NAME, "Data office"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "X"),
        ]
        self.leaf = (
            x509.CertificateBuilder()
            .subject_name(x509.Name(attributes))
            .issuer_name(self.root_certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + lifetime)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(keys._usage(signs=True, issues=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.root_key.public_key()), critical=False)
            .sign(self.root_key, hashes.SHA256())
        )
        self.signer = PemSigner(self.leaf.public_bytes(PEM), "Data office", key)
        self.root = self.written("root.pem", self.root_certificate.public_bytes(PEM))

    def written(self, name: str, content: bytes) -> Path:
        (self.folder / name).write_bytes(content)
        return self.folder / name

    def stamp(self, signer=None) -> Path:
        file = self.written("a.csv", b"x\n1\n")
        stamp_file(file, signer or self.signer, force=True)
        return file

    def crl(self, *revoked: tuple[int, datetime, list], key=None) -> x509.CertificateRevocationList:
        now = datetime.now(UTC)
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.root_certificate.subject)
        builder = builder.last_update(now).next_update(now + timedelta(days=1))
        for serial, date, extensions in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(date)
            for extension in extensions:
                entry = entry.add_extension(extension, critical=False)
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(key or self.root_key, hashes.SHA256())


@pytest.fixture
def house(tmp_path) -> House:
    return House(tmp_path)


@pytest.fixture(params=[False, True], ids=["library", "independent"])
def ask(request):
    def call(path: Path, **options):
        return verify(VerifyRequest(path, TrustRequest(**options), independent=request.param))

    return call


def answers(result) -> dict[str, str]:
    return {key: one["answer"] for key, one in result.statements.items()}


def test_the_root_that_vouches_is_named(house, ask):
    file = house.stamp()
    stranger = ask(file)
    assert (stranger.ok, answers(stranger)["trusted_signer"], answers(stranger)["intact"]) == (False, "no", "yes")
    assert "nobody that you trust" in stranger.statements["trusted_signer"]["sentence"]
    known = ask(file, anchors=(house.root,))
    sha256 = hashlib.sha256(house.root_certificate.public_bytes(DER)).hexdigest()
    assert known.certificate["anchor"]["sha256"] == sha256
    assert known.certificate["anchor"]["source"] == f"--trust-anchor {house.root}"
    assert "Data office" in known.statements["trusted_signer"]["sentence"]


def test_anchors_from_the_configuration_folder(house, ask, monkeypatch):
    folder = house.folder / "config"
    (folder / "trust" / "timestamp").mkdir(parents=True)
    monkeypatch.setenv("ASSAYMARK_CONFIG_DIR", str(folder))
    file = house.stamp()
    shutil.copy(house.root, folder / "trust" / "timestamp" / "office.pem")
    assert not ask(file).ok  # a root of clocks vouches for no signer
    shutil.copy(house.root, folder / "trust" / "office.pem")
    assert ask(file).certificate["anchor"]["source"] == "trust folder: office.pem"


def test_the_c2pa_list_where_the_user_has_it(house, ask, clock, monkeypatch):
    here = clock("Clock of the list")
    folder = house.folder / "config" / "trust" / "c2pa"
    folder.mkdir(parents=True)
    monkeypatch.setenv("ASSAYMARK_CONFIG_DIR", str(house.folder / "config"))
    file = house.stamp(TimedSigner(house.signer, TimeStampAuthority(here.url)))
    with pytest.raises(MissingFileError):
        ask(file, c2pa="config")
    shutil.copy(house.root, folder / "C2PA-TRUST-LIST.pem")
    (folder / "C2PA-TSA-TRUST-LIST.pem").write_bytes(here.root)
    assert not ask(file).ok  # only where it is asked for
    for chosen in ("config", str(folder / "C2PA-TRUST-LIST.pem")):
        found = ask(file, c2pa=chosen)
        assert found.certificate["anchor"]["source"] == "the C2PA trust list"
        assert found.time_stamp["trusted"]


@pytest.mark.parametrize("content", [b"", b"no pem", b"-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----\n"])
def test_an_anchor_that_is_no_certificate_is_an_error_of_its_own(house, ask, content):
    wrong = house.written("wrong.pem", content)
    for option in ("anchors", "clocks"):
        with pytest.raises(TrustError) as caught:
            ask(house.stamp(), **{option: (wrong,)})
        assert caught.value.code == "AM611"


def lists(house: House, date: datetime):
    serial, sha256 = house.leaf.serial_number, house.leaf.fingerprint(hashes.SHA256()).hex()
    day, crl = date.isoformat(), house.crl((serial, date, []))
    colons = ":".join(sha256[i : i + 2].upper() for i in range(0, 64, 2))
    return {
        "crl in PEM": crl.public_bytes(PEM),
        "crl in DER": crl.public_bytes(DER),
        "serial": f"# gone\n{serial:x} {day}\n".encode(),
        "serial as OpenSSL prints it": f"serial={serial:X} {day}\n".encode(),
        "fingerprint": f"sha256={sha256} {day}  # left\n".encode(),
        "fingerprint with colons": f"{colons} {day}\n".encode(),
        "no date": f"{sha256}\n".encode(),
    }


KINDS = [
    "crl in PEM",
    "crl in DER",
    "serial",
    "serial as OpenSSL prints it",
    "fingerprint",
    "fingerprint with colons",
    "no date",
]


@pytest.mark.parametrize("kind", KINDS)
def test_a_revoked_signer_fails_by_name(house, ask, kind):
    date = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
    listed = house.written("revoked", lists(house, date)[kind])
    result = ask(house.stamp(), anchors=(house.root,), revoked=(listed,))
    assert [problem["code"] for problem in result.problems] == ["revoked"]
    if kind != "no date":
        assert f"{date:%Y-%m-%d %H:%M}" in result.problems[0]["message"]
    assert answers(result)["trusted_signer"] == "no"
    assert ask(house.stamp(), anchors=(house.root,)).ok


def test_another_certificate_or_issuer_of_the_list_changes_nothing(house, ask, tmp_path):
    date = datetime.now(UTC) - timedelta(days=1)
    other = house.written("other", house.crl((house.leaf.serial_number + 1, date, [])).public_bytes(PEM))
    plain = house.written("plain", b"abcdef 2026-01-01\n")
    assert ask(house.stamp(), anchors=(house.root,), revoked=(other, plain)).ok


def test_revoked_after_a_trusted_time_stamp_stays_good_and_is_said_so(house, ask, clock):
    here = clock()
    file = house.stamp(TimedSigner(house.signer, TimeStampAuthority(here.url)))
    clocks = (here.folder / "root.pem",)
    time.sleep(1.1)
    date = datetime.now(UTC).replace(microsecond=0)
    later = house.written("later", f"{house.leaf.serial_number:x} {date.isoformat()}\n".encode())
    result = ask(file, anchors=(house.root,), clocks=clocks, revoked=(later,))
    assert result.ok, result.problems
    assert "was good when it signed" in result.certificate["warnings"][0]
    unproven = ask(file, anchors=(house.root,), revoked=(later,))
    assert [problem["code"] for problem in unproven.problems] == ["revoked"]
    before = house.written("before", f"{house.leaf.serial_number:x} 2026-01-01\n".encode())
    earlier = ask(file, anchors=(house.root,), clocks=clocks, revoked=(later, before))
    assert [problem["code"] for problem in earlier.problems] == ["revoked"]


def test_a_revoked_clock_proves_no_time(house, ask, clock):
    here = clock()
    file = house.stamp(TimedSigner(house.signer, TimeStampAuthority(here.url)))
    options = {"anchors": (house.root,), "clocks": (here.folder / "root.pem",)}
    assert ask(file, **options).time_stamp["trusted"]
    stolen = house.written("stolen", f"{here.certificate.serial_number:x} 2036-01-01\n".encode())
    assert not ask(file, **options, revoked=(stolen,)).time_stamp["trusted"]  # whoever has the key stamps any time


def test_an_invalidity_date_counts_from_then(house):
    then, told = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)
    crl = house.crl((7, told, [x509.InvalidityDate(then.replace(tzinfo=None)), x509.CRLReason(x509.ReasonFlags.superseded)]))
    (found,) = parse_revocations(crl.public_bytes(DER), "list").issued.values()
    assert (found.date, found.orderly) == (then, True)


@pytest.mark.parametrize("content", [b"hello\n", b"12 yesterday\n", b"-----BEGIN X509 CRL-----\n", b"\x30\x00", b"\xff"])
def test_a_list_that_cannot_be_read_is_an_error(house, ask, content):
    with pytest.raises(TrustError):
        ask(house.stamp(), revoked=(house.written("list", content),))


def test_a_certificate_that_ends_soon_is_told_of(tmp_path, ask, clock):
    house, here = House(tmp_path, timedelta(days=20)), clock()
    trusted = {"anchors": (house.root,), "clocks": (here.folder / "root.pem",)}
    plain = ask(house.stamp(), **trusted)
    assert "will not verify after that" in plain.certificate["warnings"][0]
    stamped = ask(house.stamp(TimedSigner(house.signer, TimeStampAuthority(here.url))), **trusted)
    assert "verify after that, too" in stamped.certificate["warnings"][0]
    assert stamped.time_stamp["authority"] == "Clock"


def test_an_expired_but_stamped_certificate_is_told_of(tmp_path, ask, clock):
    house, here = House(tmp_path, timedelta(seconds=4)), clock()
    file = house.stamp(TimedSigner(house.signer, TimeStampAuthority(here.url)))
    time.sleep(5)
    result = ask(file, anchors=(house.root, here.folder / "root.pem"))
    assert result.ok
    assert "has expired since" in result.certificate["warnings"][0]
    expired = ask(file, anchors=(house.root,))
    assert answers(expired) == {
        "intact": "not_checked", "trusted_signer": "no", "recomputed": "not_checked", "policy_met": "not_checked"
    }  # fmt: skip


def test_the_four_statements_of_a_release(release, tmp_path):
    good = verify(VerifyRequest(release))
    policy = {"pass": "yes"}.get(json.loads((release / "audit.json").read_bytes())["verdict"], "no")
    assert answers(good) == {"intact": "yes", "trusted_signer": "yes", "recomputed": "yes", "policy_met": policy}
    assert "development certificate" in good.statements["trusted_signer"]["sentence"]
    copy = tmp_path / "copy"
    shutil.copytree(release, copy)
    (copy / "report.html").write_text("<p>all is well</p>")
    altered = answers(verify(VerifyRequest(copy)))
    assert altered == {
        "intact": "no",
        "trusted_signer": "not_checked",
        "recomputed": "not_checked",
        "policy_met": "not_checked",
    }


def test_the_development_certificate_is_called_so(tmp_path):
    (tmp_path / "a.csv").write_text("x\n1\n")
    stamp_file(tmp_path / "a.csv", open_development_signer())
    told = verify(VerifyRequest(tmp_path / "a.csv")).statements["trusted_signer"]["sentence"]
    assert "development certificate of this machine's own" in told
