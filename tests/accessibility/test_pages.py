"""Reports in a real browser: axe-core finds nothing, nothing is fetched, and what is printed is complete; valid HTML."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
from pathlib import Path

import pypdf
import pytest

from assaymark_reports import html

HERE = Path(__file__).parent
NAMES = ("passed", "failed", "hostile", "broken")
FIRST_APPROVAL = {
    "by": "Ada", "created": "2026-01-01T00:00:00Z", "waives": [], "signer": "CN=Ada", "trusted": True, "same_signer": False,
    "reason": "Read and found fit.",
}  # fmt: skip


@pytest.fixture(scope="module")
def pages(release, tmp_path_factory):
    """A report that passed, one that failed and was waived, one with hostile names, and one that somebody broke."""
    folder = tmp_path_factory.mktemp("pages")
    audit = json.loads((release / "audit.json").read_bytes())
    failed = copy.deepcopy(audit)
    failed["verdict"], failed["approvals"] = "fail", [FIRST_APPROVAL]
    gated = [finding for finding in failed["findings"] if finding["gate"] == "pass"]
    gated[0]["gate"], gated[1]["gate"] = "fail", "inconclusive"
    vector = json.dumps("</svg><img src=http://127.0.0.1:9/x onerror=alert(1)>" + "x" * 80)[1:-1]
    hostile = json.loads(json.dumps(audit).replace("Female", vector))
    hostile["task"]["target"] = "<script>document.title='taken'</script>"
    written = {name: html.render(document).decode() for name, document in zip(NAMES, (audit, failed, hostile), strict=False)}
    page = written["passed"].replace('lang="en"', "").replace("default-src 'none'; ", "").replace("img-src data:", "img-src *")
    written["broken"] = page.replace("<h1>", '<img src="http://127.0.0.1:9/pixel.png"><h1>').replace(
        "</main>", "<p><div></p></main>"
    )
    for name, text in written.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return folder


def needed(*packages):
    if shutil.which("node") is None:
        pytest.skip("Node is not installed; it runs the inspection")
    if not all((HERE / "node_modules" / package).is_dir() for package in packages):
        pytest.skip("npm install --prefix tests/accessibility --no-save --ignore-scripts brings what this test needs")


@pytest.fixture(scope="module")
def seen(pages):
    needed("axe-core", "puppeteer-core")
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        pytest.skip("Chromium is not installed; it opens the reports")
    command = ["node", "inspect.mjs", browser, *(str(pages / f"{name}.html") for name in NAMES)]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(zip(NAMES, map(json.loads, done.stdout.splitlines()), strict=True))


@pytest.mark.parametrize("name", ["passed", "failed", "hostile"])
def test_axe_finds_nothing_and_nothing_is_fetched(seen, name):
    """In light and in dark, with all parts unfolded; with and without scripts allowed."""
    assert seen[name]["violations"] == []
    assert seen[name]["requests"] == []
    assert seen[name]["complaints"] == []


def test_the_inspection_sees_faults(seen):
    broken = seen["broken"]
    assert {"html-has-lang", "image-alt"} <= {found["id"] for found in broken["violations"]}
    assert broken["requests"] == ["http://127.0.0.1:9/pixel.png"] * 2


def test_hostile_names_are_seen_as_text(seen):
    assert "document.title='taken'" in seen["hostile"]["text"]
    assert "<img src=http" in seen["hostile"]["text"]


def test_a_narrow_screen_needs_no_scrolling_sideways(seen):
    assert [seen[name]["narrow"] for name in ("passed", "failed", "hostile")] == [360] * 3


def test_print_is_complete(pages, seen):
    """What is folded on a screen is unfolded on paper."""
    audit = pypdf.PdfReader(pages / "passed.html.pdf")
    text = "".join(page.extract_text() for page in audit.pages)
    assert "The numbers in this chart" not in text
    assert "synthetic rows" in text.lower()
    assert "Composition" in text or "Column shape" in text


@pytest.mark.parametrize("name", NAMES)
def test_the_page_is_valid_html(pages, name):
    needed("html-validate")
    page = str(pages / f"{name}.html")
    command = ["node_modules/.bin/html-validate", "--config", "html-validate.json", "--formatter", "text", page]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
    if name == "broken":
        assert done.returncode == 1
        assert "element-required-attributes" in done.stdout
    else:
        assert (done.returncode, done.stdout[:2000]) == (0, "")
