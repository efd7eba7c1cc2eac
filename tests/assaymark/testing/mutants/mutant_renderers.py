"""Renderers that each do one thing wrong."""

from __future__ import annotations

import html
import json
import os
import socket
import tempfile
from pathlib import Path


def fine(audit):
    rows = [html.escape(f"{finding['id']} {finding['scope']} {finding['value']}") for finding in audit["findings"]]
    return ("<p>" + "</p><p>".join([audit["verdict"], *rows]) + "</p>").encode()


def as_json(audit):
    return json.dumps(audit).encode()


def text(audit):
    return fine(audit).decode()


def latin(audit):
    return fine(audit) + b"\xff"


def moody(audit):
    return fine(audit) + str(os.getpid()).encode()


def meddles(audit):
    audit["verdict"] = "pass!"
    return fine(audit)


def needs_findings(audit):
    return fine(audit) + audit["findings"][0]["id"].encode()


def needs_numbers(audit):
    best = max(audit["findings"], key=lambda finding: finding["value"] is not None, default={"value": 0})
    return fine(audit) + f"{best['value']:.3f}".encode()


def knows_all(audit):
    if any(finding["id"] == "fidelity.of_a_stranger" for finding in audit["findings"]):
        raise KeyError("fidelity.of_a_stranger")
    return fine(audit)


def trusting(audit):
    return fine(audit) + str([finding["scope"] for finding in audit["findings"]]).encode()


def phones(audit):
    try:
        with socket.create_connection(("127.0.0.1", 9), timeout=1):
            pass
    except OSError:
        pass
    return fine(audit)


def litters(audit):
    path = Path(tempfile.gettempdir()) / f"mutant-{os.getpid()}"
    path.write_text("x", encoding="utf-8")
    path.unlink()
    return fine(audit)


def talks(audit):
    print("rendering")
    return fine(audit)
