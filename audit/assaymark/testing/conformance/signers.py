"""Checks of signers: opened as the environment configures them, and held against their own certificate."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from assaymark.host.registry import resolve
from assaymark.testing.conformance.catalogue import Nonconformance, conformance, require
from assaymark.testing.conformance.observing import heavy_imports

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography import x509

    from assaymark.host.registry import Registered
    from assaymark.host.specs import Signer, SignerSpec

_MESSAGES = (b"a statement", b"another statement")
_LARGE = 2**20
_LONGEST_LABEL = 100


@dataclass(frozen=True)
class SignerSubject:
    """A signer under test.

    Attributes:
        registered: Its declaration, and the plugin that made it.
        folder: An empty folder for the kit's files.
    """

    registered: Registered[SignerSpec]
    folder: Path

    def open(self) -> Signer:
        """Open the signer anew; what it prints is kept for the check of that."""
        signer: Signer = resolve(self.registered.spec.factory)()
        return signer

    @cached_property
    def printed(self) -> io.StringIO:
        """What was printed while the signer was opened and signed."""
        return io.StringIO()

    @cached_property
    def signer(self) -> Signer:
        """The signer, opened once."""
        with contextlib.redirect_stdout(self.printed):
            return self.open()

    def sign(self, data: bytes) -> bytes:
        """Return a signature."""
        with contextlib.redirect_stdout(self.printed):
            return self.signer.sign(data)

    @cached_property
    def chain(self) -> list[x509.Certificate]:
        """Its certificates.

        Raises:
            Nonconformance: When they are no PEM chain.
        """
        from cryptography import x509

        encoded: Any = self.signer.certificates
        if not isinstance(encoded, bytes):
            raise Nonconformance(f"certificates are of type {type(encoded).__name__}, not bytes")
        try:
            return x509.load_pem_x509_certificates(encoded)
        except ValueError as error:
            raise Nonconformance("certificates are no PEM chain") from error

    def verifies(self, signature: bytes, data: bytes) -> bool:
        """Return whether the leaf's key made a signature."""
        from assaymark.provenance.algorithms import plain_form, verify_signature

        algorithm = self.algorithm
        return verify_signature(self.chain[0].public_key(), algorithm, plain_form(algorithm, signature), data)

    @property
    def algorithm(self) -> str:
        """The algorithm of the leaf's key; what the signer states is for one check to compare."""
        from assaymark.provenance.algorithms import algorithm_of

        return algorithm_of(self.chain[0].public_key()) or str(self.signer.algorithm)


@conformance("signer.declaration_light")
def declaration_light(subject: SignerSubject) -> None:
    """Importing the declaration imports no heavy library; every command waits for it."""
    heavy = heavy_imports(subject.registered.plugin.target)
    require(not heavy, f"it imports {', '.join(heavy)}")


@conformance("signer.algorithm")
def states_its_algorithm(subject: SignerSubject) -> None:
    """The algorithm is that of the leaf's key: es256, es384, ed25519 or ps256."""
    require(subject.signer.algorithm == subject.algorithm, f"it states {subject.signer.algorithm!r:.40}")


@conformance("signer.chain")
def chain_in_order(subject: SignerSubject) -> None:
    """The certificates are a PEM chain, leaf first, each issued by the next, without the root."""
    from assaymark.provenance.certificates import issued

    chain = subject.chain
    require(
        all(issued(lower, upper) for lower, upper in pairwise(chain)),
        "a certificate is not issued by the next",
    )
    require(not any(one.subject == one.issuer for one in chain[1:]), "the root is among them")


@conformance("signer.leaf_may_sign")
def leaf_may_sign(subject: SignerSubject) -> None:
    """The leaf is valid now, and made for signing content credentials."""
    from assaymark.provenance.certificates import leaf_problem

    problem = leaf_problem(subject.chain[0], datetime.now(UTC))
    require(problem is None, str(problem))


@conformance("signer.signature")
def signs(subject: SignerSubject) -> None:
    """A signature is that of the leaf's key over the bytes that were given, and of no others."""
    for data in _MESSAGES:
        require(subject.verifies(subject.sign(data), data), "a signature does not verify by the certificate")


@conformance("signer.any_length")
def signs_any_length(subject: SignerSubject) -> None:
    """Nothing, and a mebibyte, are signed like everything else."""
    for data in (b"", bytes(_LARGE)):
        require(subject.verifies(subject.sign(data), data), f"a signature over {len(data):,} bytes does not verify")


@conformance("signer.plain_form")
def plain(subject: SignerSubject) -> None:
    """An ECDSA signature is r || s of fixed width, as manifests hold it, not DER."""
    from assaymark.provenance.algorithms import ORDERS

    order = ORDERS.get(subject.algorithm)
    if order is None:
        return
    width = 2 * ((order.bit_length() + 7) // 8)
    lengths = {len(subject.sign(data)) for data in _MESSAGES}
    require(lengths == {width}, f"signatures have {sorted(lengths)} bytes, not {width}")


@conformance("signer.label")
def has_a_label(subject: SignerSubject) -> None:
    """The label, which reports show, is one short line."""
    label: Any = subject.signer.label
    good = isinstance(label, str) and 0 < len(label) <= _LONGEST_LABEL and label.isprintable() and label.strip()
    require(good, f"the label is {label!r:.60}")


@conformance("signer.opened_again")
def opens_again(subject: SignerSubject) -> None:
    """Opened again, it has the same certificates, and signs by the same key."""
    with contextlib.redirect_stdout(subject.printed):
        other = subject.open()
        signature = other.sign(_MESSAGES[0])
    require(other.certificates == subject.signer.certificates, "the certificates are others")
    require(subject.verifies(signature, _MESSAGES[0]), "the key is another one")


@conformance("signer.context")
def closes(subject: SignerSubject) -> None:
    """Used in a with statement it gives itself, and swallows no exception."""
    with contextlib.redirect_stdout(subject.printed):
        signer: Any = subject.open()
        entered = signer.__enter__()
        swallows = signer.__exit__(ValueError, ValueError("x"), None)
    require(entered is signer, "__enter__ gives something else")
    require(not swallows, "__exit__ swallows an exception")


@conformance("signer.key_not_told")
def keeps_its_key(subject: SignerSubject) -> None:
    """Neither its text nor its certificates hold a private key."""
    told = f"{subject.signer!r} {subject.signer!s} {subject.signer.label}".encode() + subject.signer.certificates
    require(b"PRIVATE KEY" not in told, "a private key can be read off it")


@conformance("signer.standard_output")
def prints_nothing(subject: SignerSubject) -> None:
    """Opening it and signing print nothing: standard output belongs to the command."""
    subject.sign(_MESSAGES[0])
    printed = subject.printed.getvalue()
    require(not printed, f"it prints {len(printed)} characters")
