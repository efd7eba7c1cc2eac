"""Signers that each do one thing wrong; the environment names the key and the chain of a certificate that may sign."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature


class Fine:
    algorithm, label = "es256", "a test"

    def __init__(self):
        folder = Path(os.environ["MUTANT_KEYS"])
        self.key = serialization.load_pem_private_key((folder / "key.pem").read_bytes(), None)
        self.certificates = (folder / "chain.pem").read_bytes()

    def der(self, data):
        return self.key.sign(data, ec.ECDSA(hashes.SHA256()))

    def sign(self, data):
        r, s = decode_dss_signature(self.der(data))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        return None


class Misnamed(Fine):
    algorithm = "ps256"


class WithRoot(Fine):
    def __init__(self):
        super().__init__()
        self.certificates += (Path(os.environ["MUTANT_KEYS"]) / "root.pem").read_bytes()


class Unfit(Fine):
    """Its certificate says nothing of what it is for."""

    made = None

    def __init__(self):
        super().__init__()
        self.certificates = type(self).made = self.made or self.make()

    def make(self):
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a test")])
        begin = datetime.now(UTC) - timedelta(days=1)
        builder = x509.CertificateBuilder(name, name, self.key.public_key(), 1, begin, begin + timedelta(days=9))
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


class Stale(Fine):
    """It signs the first thing that it was given, over and over, once that was short text."""

    def sign(self, data):
        return super().sign(b"a statement" if data == b"another statement" else data)


class Picky(Fine):
    def sign(self, data):
        if not data:
            raise ValueError("nothing to sign")
        return super().sign(data)


class Der(Fine):
    def sign(self, data):
        return self.der(data)


class Wordy(Fine):
    label = "two\nlines"


class Once(Fine):
    opened = 0

    def __init__(self):
        super().__init__()
        type(self).opened += 1
        if type(self).opened == 2:
            self.key = ec.generate_private_key(ec.SECP256R1())


class Swallows(Fine):
    def __exit__(self, *exc):
        return True


class Talkative(Fine):
    def __repr__(self):
        form = serialization.PrivateFormat.PKCS8
        return self.key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


class Prints(Fine):
    def sign(self, data):
        print("signing")
        return super().sign(data)
