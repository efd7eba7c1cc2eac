"""The PDF of a real release, read again by another library: complete, tagged, deterministic, and safe against hostile names."""

from __future__ import annotations

import copy
import io
import json
import os
import re
import subprocess
import sys

import pypdf
import pytest

from assaymark.errors import MissingLibraryError
from assaymark_reports import deciding, pdf, wording
from assaymark_reports.charts import draw
from assaymark_reports.figures import figures


@pytest.fixture(scope="module")
def audit(release):
    return json.loads((release / "audit.json").read_bytes())


@pytest.fixture(scope="module")
def document(audit):
    return pdf.render(audit)


@pytest.fixture(scope="module")
def reader(document):
    return pypdf.PdfReader(io.BytesIO(document))


def squeezed(text):
    """Return text without spaces and breaks, which a layout may put anywhere."""
    return re.sub(r"[\s\u200b]+", "", text)


def text_of(content):
    return squeezed("".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages))


def elements(reader):
    """Return the elements of the tree of tags, in reading order."""
    found, left = [], [reader.trailer["/Root"]["/StructTreeRoot"]]
    while left:
        node = left.pop(0).get_object()
        if not isinstance(node, pypdf.generic.DictionaryObject):
            continue
        if "/S" in node:
            found.append(node)
        children = node["/K"] if "/K" in node else []  # noqa: SIM401 - only this follows a reference
        left[:0] = children if isinstance(children, list) else [children]
    return found


def test_it_says_what_it_is(reader, audit):
    root = reader.trailer["/Root"]
    target = audit["task"]["target"]
    assert reader.metadata.title.startswith(f"{audit['verdict'].upper()}: audit of {target}")
    assert root["/Lang"] == "en-GB"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"].value
    assert reader.metadata.creation_date.isoformat() == audit["created"].replace("Z", "+00:00")


def test_it_is_tagged_and_declares_pdf_ua(reader):
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"].value
    declared = root["/Metadata"].get_object().get_data().decode()
    assert re.search(r"<pdfuaid:part>1</pdfuaid:part>|pdfuaid:part=\"1\"", declared)
    kinds = [element["/S"] for element in elements(reader)]
    assert {"/H1", "/H2", "/P", "/L", "/Table", "/TH", "/TD", "/Figure"} <= set(kinds)


def test_every_chart_is_told_in_words_and_as_a_table(reader, audit):
    told = [str(element["/Alt"]) for element in elements(reader) if element["/S"] == "/Figure"]
    charts = draw(audit)
    assert sorted(told) == sorted(figures(audit)[name].alternative for name in charts)
    text = squeezed("".join(page.extract_text() for page in reader.pages))
    for name in charts:
        for row in figures(audit)[name].rows:
            assert squeezed(row[-1]) in text


def test_the_first_page_has_the_verdict_and_three_things_to_know(reader, audit):
    text = squeezed(reader.pages[0].extract_text())
    assert audit["verdict"].upper() in text
    points = deciding.key_points(audit["findings"])
    assert len(points) == 3
    for point in points:
        assert squeezed(point.tally) in text
        assert squeezed(point.told) in text


def test_every_finding_and_digest_is_in_it(reader, audit):
    text = squeezed("".join(page.extract_text() for page in reader.pages))
    data = audit["datasets"]
    for digest in (data["synthetic"]["sha256"], data["real"]["commitment"], audit["policy"]["sha256"]):
        assert digest in text
    appendix = text[text.rindex("Everyfinding") :]
    for finding in audit["findings"]:
        assert squeezed(wording.name(finding["id"])) in appendix
        assert squeezed(wording.interval(finding["ci"])) in appendix
    for entry in audit["not_tested"]:
        assert squeezed(entry["what"]) in text


def test_the_same_audit_gives_the_same_bytes_in_another_process(release, document):
    code = (
        "import json, pathlib, sys; from assaymark_reports import pdf; "
        "sys.stdout.buffer.write(pdf.render(json.loads(pathlib.Path(sys.argv[1]).read_bytes())))"
    )
    environment = {**os.environ, "TZ": "Pacific/Auckland", "LANG": "C", "PYTHONHASHSEED": "7"}
    command = [sys.executable, "-c", code, str(release / "audit.json")]
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert done.stdout == document


VECTORS = [
    '#panic("x")',
    '"); #panic() //',
    "] #set page(fill: red) [",
    "*bold* _slanted_ $x^2$ `raw` <appendix> @untested = not a heading",
    '#read("/etc/passwd") #include "secret.typ"',
    "\\u{41} \\ // /* --- https://example.com",
    "<b>&amp;</svg>",
]


def test_hostile_names_stay_text(audit):
    document = json.loads(json.dumps(audit).replace("Female", json.dumps(" | ".join(VECTORS))[1:-1]))
    document["task"].update(target=VECTORS[0], positive=VECTORS[1])
    document["datasets"]["synthetic"]["notes"] = list(VECTORS)
    content = pdf.render(document)
    text = text_of(content)
    for vector in VECTORS:
        assert squeezed(vector) in text
    reader = pypdf.PdfReader(io.BytesIO(content))
    assert VECTORS[0] in reader.metadata.title
    assert not [page for page in reader.pages if "/URI" in str(page.get("/Annots", ""))]


@pytest.mark.parametrize(
    "name", ["\u65e5\u672c\u8a9e", "\U0001f600", "\u0639\u0631\u0628\u064a", "a\u202eb\x07c", "\ue000", "x" * 300]
)
def test_every_name_can_be_read(audit, name):
    """By its characters, or where no font has one, by its code point; a name that fits no cell is broken."""
    document = json.loads(json.dumps(audit).replace("Female", json.dumps(name)[1:-1]))
    text = text_of(pdf.render(document))
    points = "".join(c if c.isascii() and c.isprintable() else f"[U+{ord(c):04X}]" for c in name)
    assert name in text or points in text or name[::-1] in text  # what is written from right to left may be read so


def test_an_audit_of_any_kind_can_be_set(audit):
    foreign = copy.deepcopy(audit)
    foreign["generator"], foreign["datasets"]["holdout"] = None, None
    foreign["findings"] = [f for f in foreign["findings"] if f["id"].startswith("bias.")][:1]
    foreign["tables"] = []
    foreign["approvals"] = [
        {
            "by": "Ada", "created": "2026-01-01T00:00:00Z", "waives": [{**audit["findings"][0], "gate": "fail"}],
            "signer": "CN=Ada", "trusted": False, "same_signer": True, "reason": "We know of it.",
        }
    ]  # fmt: skip
    text = text_of(pdf.render(foreign))
    assert "Adawaived1gate" in text
    assert "Weknowofit." in text
    assert "notknown;thetablewasbroughtalong" in text


def test_nothing_claims_compliance(document):
    text = text_of(document).lower()
    assert "compliant" not in text
    assert "nostatementofcompliance" in text


@pytest.mark.parametrize("module", ["typst", "font_source_sans_pro"])
def test_without_its_libraries_it_says_what_to_install(audit, monkeypatch, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingLibraryError) as caught:
        pdf.render(audit)
    assert caught.value.code == "AM405"
    assert "assaymark[pdf]" in str(caught.value.remedy)
