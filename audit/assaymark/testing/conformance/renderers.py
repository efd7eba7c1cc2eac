"""Checks of renderers, on the audit of a made-up table."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import io
import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from assaymark.host.registry import resolve
from assaymark.testing.conformance.catalogue import conformance, require
from assaymark.testing.conformance.observing import Observed, heavy_imports, in_a_fresh_process, observe

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from assaymark.host.registry import Registered
    from assaymark.host.specs import RendererSpec

_ROWS = 400
_SCRIPT = "<script>alert('group')</script>"
_AGAIN = """
import hashlib, json, pathlib, sys
from assaymark.host.registry import resolve
audit = json.loads(pathlib.Path(sys.argv[2]).read_text(encoding="utf-8"))
print(hashlib.sha256(resolve(sys.argv[1])(audit)).hexdigest())
"""


@dataclass(frozen=True)
class RendererSubject:
    """A renderer under test.

    Attributes:
        registered: Its declaration, and the plugin that made it.
        folder: An empty folder for the kit's files.
    """

    registered: Registered[RendererSpec]
    folder: Path

    @cached_property
    def audit(self) -> dict[str, Any]:
        """The audit of 400 made-up rows against 400 others."""
        from assaymark.execution import Run
        from assaymark.pipeline.auditing import audit
        from assaymark.pipeline.requests import AuditRequest
        from assaymark.tables.loading import TableOptions
        from assaymark.tables.roles import RoleOptions
        from assaymark.tables.writing import write_table
        from assaymark.testing.tables import mixed_table

        paths = [self.folder / "real.csv", self.folder / "synthetic.csv"]
        for seed, path in enumerate(paths):
            write_table(mixed_table(_ROWS, seed).select(["sex", "age", "approved"]), path, "csv")
        roles = RoleOptions(target="approved", positive="yes", protected=("sex",))
        done = audit(AuditRequest(paths[0], paths[1], roles, TableOptions()), Run(0))
        return self.parsed(done.document)

    @staticmethod
    def parsed(document: Mapping[str, Any]) -> dict[str, Any]:
        """Return a document as a renderer gets it: parsed from its own JSON."""
        found: dict[str, Any] = json.loads(json.dumps(document))
        return found

    def render(self, audit: Mapping[str, Any]) -> Any:
        """Render a copy of an audit; what is printed goes nowhere."""
        with contextlib.redirect_stdout(io.StringIO()):
            return self._render(audit)

    def _render(self, audit: Mapping[str, Any]) -> Any:
        return resolve(self.registered.spec.factory)(copy.deepcopy(audit))

    @cached_property
    def seen(self) -> tuple[Any, Observed]:
        """What it renders the audit to, and what else it did."""
        audit = self.audit
        with contextlib.suppress(Exception):  # what it imports the first time is not watched; a failure shows again below
            self.render(audit)
        return observe(lambda: self._render(audit), self.folder)

    def changed(self, **fields: Any) -> dict[str, Any]:
        """Return the audit with other fields in every finding."""
        return {**self.audit, "findings": [{**finding, **fields} for finding in self.audit["findings"]]}


@conformance("renderer.declaration_light")
def declaration_light(subject: RendererSubject) -> None:
    """Importing the declaration imports no heavy library; every command waits for it."""
    heavy = heavy_imports(subject.registered.plugin.target)
    require(not heavy, f"it imports {', '.join(heavy)}")


@conformance("renderer.bytes")
def gives_bytes(subject: RendererSubject) -> None:
    """An audit is rendered to bytes, and to some."""
    content = subject.seen[0]
    require(isinstance(content, bytes), f"it returns {type(content).__name__}")
    require(content, "it returns no byte")


def _unless_known(subject: RendererSubject) -> str | None:
    kind = subject.registered.spec.media_type
    known = kind.startswith("text/") or kind == "application/pdf" or kind.endswith(("/json", "+json"))
    return None if known else f"what {kind} looks like is not known to the kit"


@conformance("renderer.media_type", unless=_unless_known)
def is_of_its_type(subject: RendererSubject) -> None:
    """The bytes are of the declared type: UTF-8 where it is text, a document where it is JSON or PDF."""
    kind, content = subject.registered.spec.media_type, _bytes(subject.seen[0])
    if kind == "application/pdf":
        require(content.startswith(b"%PDF-"), "it does not begin as a PDF does")
        return
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        require(condition=False, found="it is no UTF-8")
        return
    if not kind.startswith("text/"):
        try:
            json.loads(text)
        except ValueError:
            require(condition=False, found="it is no JSON")


def _bytes(content: Any) -> bytes:
    """Return text as bytes: that a renderer gives no bytes is for one check to tell."""
    return content if isinstance(content, bytes) else str(content).encode()


@conformance("renderer.same_bytes")
def same_bytes(subject: RendererSubject) -> None:
    """The same audit gives the same bytes, in a fresh process, too: verify renders again."""
    place = subject.folder / "audit.json"
    place.write_text(json.dumps(subject.audit), encoding="utf-8")
    content = subject.render(subject.audit)
    if not isinstance(content, bytes):
        return
    other = in_a_fresh_process(_AGAIN, subject.registered.spec.factory, place).split()[-1]
    require(other == hashlib.sha256(content).hexdigest(), "another process gives other bytes")


@conformance("renderer.input_left_alone")
def input_left_alone(subject: RendererSubject) -> None:
    """Rendering changes nothing in the audit that it is given."""
    given = copy.deepcopy(subject.audit)
    resolve(subject.registered.spec.factory)(given)
    require(given == subject.audit, "the audit is another one afterwards")


@conformance("renderer.no_findings")
def no_findings(subject: RendererSubject) -> None:
    """An audit without findings is rendered."""
    require(_bytes(subject.render({**subject.audit, "findings": []})), "it returns no byte")


@conformance("renderer.no_numbers")
def no_numbers(subject: RendererSubject) -> None:
    """Findings that could not be estimated have no numbers, and are rendered."""
    blank = {"real": None, "synthetic": None, "value": None, "ci": None, "null": None, "p": None, "p_adjusted": None}
    audit = subject.changed(**blank, outcome="not_estimable", reason="too_few_rows", gate="inconclusive")
    require(_bytes(subject.render(audit)), "it returns no byte")


@conformance("renderer.unknown_finding")
def unknown_finding(subject: RendererSubject) -> None:
    """A finding of another plugin, with an id that the renderer has never seen, is rendered."""
    stranger = {**subject.audit["findings"][0], "id": "fidelity.of_a_stranger", "gate": "ungated"}
    audit = {**subject.audit, "findings": [*subject.audit["findings"], stranger]}
    require(_bytes(subject.render(audit)), "it returns no byte")


def _unless_markup(subject: RendererSubject) -> str | None:
    kind = subject.registered.spec.media_type
    return None if kind in {"text/html", "application/xhtml+xml", "image/svg+xml"} else f"{kind} runs no scripts"


@conformance("renderer.no_markup", unless=_unless_markup)
def no_markup(subject: RendererSubject) -> None:
    """A script in the name of a group is text in a page, not a script."""
    text = json.dumps(subject.audit)
    audit = json.loads(text.replace("Female", _SCRIPT))
    require(_SCRIPT.encode() not in _bytes(subject.render(audit)), "the page holds the script of a group's name")


@conformance("renderer.network")
def no_network(subject: RendererSubject) -> None:
    """Rendering uses no network."""
    called = subject.seen[1].called
    require(not called, f"it calls {', '.join(called[:1])}")


@conformance("renderer.files")
def no_files(subject: RendererSubject) -> None:
    """Rendering writes no files; Assaymark writes the bytes that it returns."""
    written = subject.seen[1].written
    require(not written, f"it writes {', '.join(sorted(set(written)))[:160]}")


@conformance("renderer.standard_output")
def prints_nothing(subject: RendererSubject) -> None:
    """Rendering prints nothing: standard output belongs to the command."""
    require(not subject.seen[1].printed, f"it prints {subject.seen[1].printed[:60]!r}")
