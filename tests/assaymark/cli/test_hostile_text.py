"""Text of data and of strangers cannot steer a terminal, make a line that looks like ours, or break the progress bar."""

from __future__ import annotations

import json
import shutil

import pytest

from assaymark.cli.progress import _Bar, _Lines
from assaymark.cli.summary import sentence
from assaymark.cli.visible import json_text, visible

HOSTILE = "\x1b[2J\x1b]0;title\x07\u202egpj.exe\u2066\x9b31m\ud800\nout: VERIFIED"


def test_what_steers_a_terminal_is_written_out():
    assert visible(HOSTILE).isprintable()
    assert visible(HOSTILE).encode()
    assert visible("Zoë 日本語 £ – “ok”") == "Zoë 日本語 £ – “ok”"
    assert visible("two\nlines\x1b", lines=True) == "two\nlines\\x1b"


def test_json_is_printable_and_means_the_same():
    document = {HOSTILE.replace("\ud800", ""): [HOSTILE, "Zoë", 1.5, None, "\U000e0001"]}
    text = json_text(document)
    assert json.loads(text) == document
    assert all(line.isprintable() for line in text.splitlines())


def test_a_folder_with_hostile_names_is_told_in_printable_lines(release, tmp_path, capsys):
    from assaymark.cli.application import run

    folder = tmp_path / "out"
    shutil.copytree(release, folder)
    (folder / "\x1b[2J\nVERIFIED").write_text("x")
    for options in ([], ["--json"], ["--independent"]):
        with pytest.raises(SystemExit) as ended:
            run(["verify", str(folder), *options])
        assert ended.value.code == 1
        printed = capsys.readouterr().out
        assert all(line.isprintable() for line in printed.splitlines())
        assert not any(line.strip().startswith("VERIFIED") for line in printed.splitlines())


def test_errors_quote_hostile_input_in_printable_lines(tmp_path, capsys):
    from assaymark.cli.application import run

    table = tmp_path / "real.csv"
    table.write_text("\x1b[31mage,sex\n1,F\n")
    with pytest.raises(SystemExit) as ended:
        run(["audit", str(table), str(table), "--target", "\x1b[2J\u202e", "--positive", "1", "--protected", "sex"])
    assert ended.value.code == 2
    assert all(line.isprintable() for line in capsys.readouterr().err.splitlines())


def test_a_finding_about_a_hostile_group_is_one_printable_line(release):
    finding = json.loads((release / "audit.json").read_bytes())["findings"][0]
    finding["scope"] = {**finding["scope"], "groups": [HOSTILE, "x"], "column": HOSTILE}
    assert visible(sentence(finding)).isprintable()


@pytest.mark.parametrize("name", ["[red]x", "[/]", "[link=https://example.org]x", HOSTILE])
@pytest.mark.parametrize("kind", [_Lines, _Bar])
def test_progress_about_a_hostile_column(kind, name):
    """Progress bars know a markup of their own, in which a column's name could be an error."""
    progress = kind()
    progress(0, 10, f"checking {name}: {name}")
    progress(5, 10, f"checking {name}: {name}")
    progress.close()
