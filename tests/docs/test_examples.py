"""Examples in the documentation run as they stand."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", (ROOT / page).read_text(), flags=re.DOTALL | re.MULTILINE)


def shell(script: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder, capture_output=True, text=True, check=False, env={**os.environ, "PATH": path, **environment},
    )  # fmt: skip


@pytest.mark.slow
def test_the_tutorial(tmp_path):
    for block in blocks("docs/tutorial.md", "sh"):
        done = shell(block, tmp_path)
        assert done.returncode == 0, block + done.stdout + done.stderr
    assert (tmp_path / "compared" / "comparison.json").is_file()


def test_the_reports_for_ci(release, tmp_path):
    shutil.copytree(release, tmp_path / "release")
    (block,) = blocks("docs/how-to/reports-for-ci.md", "sh")
    done = shell(block, tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "audit.sarif").read_bytes())["version"] == "2.1.0"
    assert (tmp_path / "junit.xml").read_bytes().startswith(b"<?xml")


def test_the_readme_has_two_commands_for_set_up():
    first, second, *_ = blocks("README.md", "sh")
    assert first.strip() == "python3 -m venv .venv && .venv/bin/pip install -c constraints.txt . && .venv/bin/assaymark demo"
    assert second.strip() == (
        "python3 -m venv .venv && .venv/bin/pip install -c constraints.txt -e '.[test]' && .venv/bin/pytest"
    )
    assert (ROOT / "docs/images/report.png").is_file()


def test_the_generator_of_the_how_to_runs(people, tmp_path):
    plugin, model = blocks("docs/how-to/write-a-generator.md", "python")
    entry = blocks("docs/how-to/write-a-generator.md", "toml")[0]
    points = tomllib.loads(entry)["project"]["entry-points"]
    package = tmp_path / "site" / "my_generator"
    package.mkdir(parents=True)
    (package / "plugin.py").write_text(plugin)
    (package / "model.py").write_text(model)
    information = tmp_path / "site" / "my_generator-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: my-generator\nVersion: 1.0\n")
    lines = [f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in entries.items()) for group, entries in points.items()]
    (information / "entry_points.txt").write_text("\n".join(lines))
    script = (
        f"assaymark run {people} --target approved --positive yes --protected sex --generator resample --out out || test $? = 1"
    )
    done = shell(script, tmp_path, PYTHONPATH=str(tmp_path / "site"))
    assert done.returncode == 0, done.stderr
    assert "FAIL" in done.stdout or "INCONCLUSIVE" in done.stdout or "PASS" in done.stdout


def test_the_targets_of_the_how_to_run(tmp_path):
    page = "docs/how-to/audit-a-table.md"
    (tmp_path / "tables.py").write_text(blocks(page, "python")[0])
    assert shell(f"{sys.executable} tables.py", tmp_path).returncode == 0
    for block in blocks(page, "sh")[1:]:
        done = shell(block, tmp_path)
        assert done.returncode == 0, block + done.stdout + done.stderr
    told = {
        folder: {f["id"]: f["outcome"] for f in json.loads((tmp_path / folder / "audit.json").read_bytes())["findings"]}
        for folder in ("by-level", "by-score")
    }
    assert told["by-level"]["bias.rank_difference"] == "amplified"
    assert told["by-score"]["bias.mean_difference"] == "amplified"


@pytest.mark.parametrize("page", ["prove-the-source", "follow-an-earlier-release", "approve-a-release", "redact-a-release"])
def test_how_to_pages_on_releases_run(people, tmp_path, page):
    shutil.copy(people, tmp_path / "people.csv")
    for block in blocks(f"docs/how-to/{page}.md", "sh"):
        done = shell(block, tmp_path)
        assert done.returncode == 0, block + done.stdout + done.stderr


def test_links_between_pages_lead_somewhere():
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_log_of_the_how_to(tmp_path):
    for block in blocks("docs/how-to/look-a-release-up-in-the-log.md", "sh"):
        done = shell(block, tmp_path, ASSAYMARK_LOG=str(tmp_path / "log.sqlite"))
        assert done.returncode == 0, block + done.stdout + done.stderr


def test_an_auditor_s_check_of_a_release(people, tmp_path):
    """The last two lines show that the report of a release is what its audit renders to."""
    (tmp_path / "people.csv").write_bytes(people.read_bytes())
    (script,) = blocks("docs/provenance.md", "sh")
    done = shell(script, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("NOT VERIFIED") == 0
    assert done.stdout.count(": VERIFIED") == 2


def test_the_how_to_on_plugins(tmp_path):
    for block in blocks("docs/how-to/install-plugins-safely.md", "sh"):
        done = shell(block, tmp_path)
        assert done.returncode == 0, block + done.stdout + done.stderr
    assert json.loads((tmp_path / "plugins.lock").read_bytes())["format"] == "assaymark-plugins-lock/1"
