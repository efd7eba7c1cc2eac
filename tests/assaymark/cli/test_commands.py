"""Commands as a user calls them: exit codes, clean output, clear errors, nothing left behind."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

ROLES = ["--target", "approved", "--positive", "yes", "--protected", "sex"]


def call(*arguments: object, cwd=None, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "assaymark.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env={**os.environ, **environment}, check=False)


@pytest.fixture
def own(people, tmp_path):
    shutil.copy(people, tmp_path / "people.csv")
    return tmp_path


def test_run_verify_and_report(own):
    done = call("run", "people.csv", *ROLES, "--out", "out", cwd=own)
    assert done.returncode in {0, 3}, done.stderr
    assert "Verdict:" in done.stdout
    assert "fit copula" in done.stderr
    verified = call("verify", "out", cwd=own)
    assert verified.returncode == 0
    assert "VERIFIED" in verified.stdout
    assert "development certificate" in verified.stdout
    told = json.loads(call("verify", "out", "--json", cwd=own).stdout)
    assert told["ok"] is True
    report = call("report", "out/audit.json", "--format", "markdown", "--out", "-", cwd=own)
    assert report.stdout.startswith("## Assaymark: ")
    assert call("verify", "out", "--require-pass", cwd=own).returncode == (0 if done.returncode == 0 else 1)
    (own / "out" / "report.html").write_text("<p>all is well</p>")
    altered = call("verify", "out", cwd=own)
    assert altered.returncode == 1
    assert "report.html" in altered.stdout


def test_report_lists_its_formats(tmp_path):
    listed = call("report", "--list", cwd=tmp_path)
    assert listed.returncode == 0, listed.stderr
    lines = [line.split(maxsplit=2) for line in listed.stdout.splitlines()]
    names = [name for name, _, _ in lines]
    assert names == sorted(names)
    assert {"html", "junit", "sarif", "dataset-card", "datasheet", "nyc-ll144"} <= set(names)
    assert ["junit", "junit.xml", "gates as test cases, for a CI server's test report"] in lines


def test_json_is_one_document_and_nothing_else(own):
    done = call("audit", "people.csv", "people.csv", *ROLES, "--json", cwd=own)
    document = json.loads(done.stdout)
    assert document["verdict"] in {"pass", "inconclusive"}
    assert document["audits"][0]["audit"]["schema"] == "assaymark-audit/1"
    failed = call("audit", "people.csv", "nowhere.csv", *ROLES, "--json", cwd=own)
    assert failed.returncode == 2
    assert json.loads(failed.stdout)["error"]["code"] == "AM201"


def test_a_synthetic_table_is_stamped_as_it_is(own):
    before = (own / "people.csv").read_bytes()
    call("audit", "people.csv", "people.csv", *ROLES, "--out", "out", cwd=own)
    assert (own / "out" / "synthetic.csv").read_bytes() == before
    assert call("verify", "out", cwd=own).returncode == 0


def test_a_reference_group_is_named_and_recorded(own):
    done = call("audit", "people.csv", "people.csv", *ROLES, "--reference", "sex=Male", "--json", cwd=own)
    document = json.loads(done.stdout)["audits"][0]["audit"]
    assert document["task"]["references"] == {"sex": "Male"}
    assert {f["scope"]["against"] for f in document["findings"] if f["id"] == "bias.group_impact_ratio"} == {"Male", "overall"}
    for wrong in ("sex=Mal", "age=40", "sex", "sex=Male=x"):
        refused = call("audit", "people.csv", "people.csv", *ROLES, "--reference", wrong, cwd=own)
        assert refused.returncode == 2
        assert "reference" in refused.stderr


def test_generate_save_and_sample(own):
    done = call(
        "generate", "people.csv", "--rows", 200, "--out", "a.csv", "--save-model", "model", "--set", "parents=2", cwd=own
    )
    assert done.returncode == 0, done.stderr
    assert "not audited" in done.stdout
    assert call("sample", "model", "--rows", 200, "--out", "b.csv", cwd=own).returncode == 0
    assert (own / "a.csv").read_bytes() == (own / "b.csv").read_bytes()
    only = call("sample", "model", "--rows", 50, "--out", "c.csv", "--where", "sex=Female", cwd=own)
    assert only.returncode == 0, only.stderr
    assert {line.split(",")[0] for line in (own / "c.csv").read_text().splitlines()[1:]} == {"Female"}
    assert call("sample", "people.csv", "--rows", 5, "--out", "d.csv", cwd=own).returncode == 2


def test_conditions_hold_in_every_row(own):
    where = ["--where", "sex=Female", "--where", "approved=yes"]
    done = call("generate", "people.csv", "--out", "f.csv", "--rows", 70, "--save-model", "model", *where, cwd=own)
    assert done.returncode == 0, done.stderr
    done = call("sample", "model", "--rows", 70, "--out", "g.csv", *where, cwd=own)
    assert done.returncode == 0, done.stderr
    for name in ("f.csv", "g.csv"):
        rows = list(csv.DictReader((own / name).read_text(encoding="utf-8").splitlines()))
        assert [(row["sex"], row["approved"]) for row in rows] == [("Female", "yes")] * 70


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--where", "sex=Martian"], "AM503"),
        (["--where", "sex=Female", "--where", "sex=Male"], "AM503"),
        (["--where", "planet=Mars"], "AM503"),
        (["--where", "sex"], "AM101"),
        (["--rows", "0"], "AM100"),
        (["--budget", "soon"], "AM100"),
        (["--budget", "0s"], "AM100"),
        (["--generator", "diffusion", "--budget", "0.000001s"], "AM504"),
        (["--generator", "gan", "--budget", "0.000001s"], "AM504"),
        (["--device", "abacus"], "AM100"),
    ],
    ids=" ".join,
)
def test_a_fit_that_cannot_be_leaves_nothing(own, arguments, code):
    done = call("generate", "people.csv", "--out", "out.csv", "--save-model", "model", *arguments, "--json", cwd=own)
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["code"] == code
    assert "Traceback" not in done.stderr
    assert sorted(path.name for path in own.iterdir()) == ["people.csv"]


@pytest.mark.parametrize("generator", ["copula", "gan", "diffusion"])
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a,b\n1,x\n", "AM217"),
        ("a\n" + "\n".join(map(str, range(60))), "AM218"),
        ("a\n" + "\n".join(str(n % 30) for n in range(60)), None),
        ("a,b\n" + "1,x\n" * 60, None),
        ("a,b\n" + "".join(f"{n % 7},\n" for n in range(60)), None),
    ],
    ids=["one row", "an identifier alone", "one column", "constant", "a column without values"],
)
def test_tables_of_hardly_anything(tmp_path, generator, text, code):
    (tmp_path / "t.csv").write_text(text)
    steps = [] if generator == "copula" else ["--set", "steps=5"]
    done = call("generate", "t.csv", "--generator", generator, *steps, "--out", "out.csv", "--json", cwd=tmp_path)
    if code is None:
        assert done.returncode == 0, done.stdout
        assert json.loads(done.stdout)["rows"] == 60
    else:
        assert done.returncode == 2
        assert json.loads(done.stdout)["error"]["code"] == code
        assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


@pytest.mark.parametrize("content", [{"schema": "assaymark-model/99"}, {"schema": "another/1"}, {"nothing": 0}])
def test_a_foreign_or_newer_model_is_refused(own, content):
    assert call("generate", "people.csv", "--out", "f.csv", "--rows", 5, "--save-model", "model", cwd=own).returncode == 0
    document = json.loads((own / "model" / "model.json").read_text()) | content
    if "nothing" in content:
        del document["schema"]
    (own / "model" / "model.json").write_text(json.dumps(document))
    done = call("sample", "model", "--rows", 5, "--out", "g.csv", "--json", cwd=own)
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["code"]) == (2, "AM502")
    assert ("newer" in error["what"]) == (content.get("schema") == "assaymark-model/99")
    assert not (own / "g.csv").exists()


def test_a_fit_that_is_cut_off_goes_on_from_its_checkpoint(own):
    fit = ["generate", "people.csv", "--generator", "diffusion", "--set", "width=32", "--set", "steps=1500", "--rows", 50]
    assert call(*fit, "--out", "whole.csv", cwd=own).returncode == 0
    command = [sys.executable, "-m", "assaymark.cli", *map(str, fit), "--out", "cut.csv", "--checkpoint", "kept"]
    process = subprocess.Popen(command, cwd=own, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if "fit diffusion" in line:
            break
    time.sleep(2.0)
    process.send_signal(signal.SIGTERM)
    process.communicate()
    assert process.returncode == 130
    assert (own / "kept" / "diffusion.checkpoint").is_file()
    assert not (own / "cut.csv").exists()
    other = call(*fit, "--seed", 1, "--out", "cut.csv", "--checkpoint", "kept", "--json", cwd=own)
    assert json.loads(other.stdout)["error"]["code"] == "AM505"
    assert call(*fit, "--out", "cut.csv", "--checkpoint", "kept", cwd=own).returncode == 0
    assert (own / "cut.csv").read_bytes() == (own / "whole.csv").read_bytes()
    assert not (own / "kept" / "diffusion.checkpoint").exists()


def test_stamp_and_verify_one_file(own):
    assert call("stamp", "people.csv", cwd=own).returncode == 0
    assert call("verify", "people.csv", cwd=own).returncode == 0
    again = call("stamp", "people.csv", cwd=own)
    assert again.returncode == 2
    assert "--force" in again.stderr


def test_plugins_and_keys(own):
    listed = json.loads(call("plugins", "list", "--json").stdout)
    assert {row["name"] for row in listed["offers"] if row["kind"] == "generator"} == {"copula", "gan", "diffusion"}
    assert listed["not_loaded"] == []
    shown = call("plugins", "show", "copula").stdout
    assert "smoothing" in shown
    assert "sha256" in shown or "digest" in shown
    keys = json.loads(call("keys", "init", "--json", ASSAYMARK_CONFIG_DIR=str(own / "c")).stdout)
    assert keys["kind"] == "development certificate"
    assert json.loads(call("keys", "show", "--json", ASSAYMARK_CONFIG_DIR=str(own / "c")).stdout) == keys


def test_options_from_a_file(own):
    (own / "assaymark.toml").write_text(
        'seed = 5\n[audit]\ntarget = "approved"\npositive = "yes"\nprotected = ["sex"]\n[run]\nrows = 10\n'
    )
    done = call("audit", "people.csv", "people.csv", "--json", cwd=own)
    assert json.loads(done.stdout)["audits"][0]["audit"]["method"]["seed"] == 5
    (own / "assaymark.toml").write_text("[audit]\ntraget = 1\n")
    wrong = call("audit", "people.csv", "people.csv", cwd=own)
    assert wrong.returncode == 2
    assert "traget" in wrong.stderr
    assert "target" in wrong.stderr


BAD_TABLES = {
    "directory": None,
    "empty": b"",
    "header_only": b"sex,approved\n",
    "one_row": b"sex,approved\nFemale,yes\n",
    "duplicate_names": b"sex,sex,approved\na,b,c\nd,e,f\n",
    "empty_names": b"sex,,approved\na,b,c\nd,e,f\n",
    "ragged": b"sex,approved\nFemale,yes\nMale\nMale,no\n",
    "junk": bytes(range(256)) * 20,
    "truncated_parquet": b"PAR1" + b"\x00" * 50,
    "latin1": "sex,approved\nFemale,yes\nMünchen,no\n".encode("latin-1"),
    "one_class": b"sex,approved\nFemale,yes\nMale,yes\nMale,yes\n",
    "all_null": b"sex,approved\n,yes\n,no\n,yes\n",
    "infinite": b"sex,approved,x\nFemale,yes,1.5\nMale,no,inf\nMale,yes,2.5\n",
    "wide": (",".join(f"c{n}" for n in range(10_001)) + "\n" + ",".join("1" * 10_001) + "\n").encode(),
}


@pytest.mark.parametrize("kind", BAD_TABLES)
def test_bad_tables_get_a_clear_error_and_leave_nothing(tmp_path, kind):
    path = tmp_path / "bad.csv"
    content = BAD_TABLES[kind]
    path.mkdir() if content is None else path.write_bytes(content)
    done = call("run", "bad.csv", *ROLES, "--out", "out", cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "error[AM2" in done.stderr
    assert "Traceback" not in done.stderr
    assert "where:" in done.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["bad.csv"]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (
            ["run", "people.csv", "--target", "approvd", "--positive", "yes", "--protected", "sex", "--out", "o"],
            "AM209",
            "approved",
        ),
        (
            ["run", "people.csv", "--target", "approved", "--positive", "ja", "--protected", "sex", "--out", "o"],
            "AM210",
            "'no', 'yes'",
        ),
        (
            ["run", "people.csv", "--target", "approved", "--positive", "yes", "--protected", "gender", "--out", "o"],
            "AM209",
            "gender",
        ),
        (
            ["run", "people.csv", "--target", "approved", "--positive", "yes", "--protected", "age", "--out", "o"],
            "AM101",
            "--bins age=",
        ),
        (["run", "people.csv", "--target", "approved", "--protected", "sex", "--out", "o"], "AM101", "--positive"),
        (["run", "people.csv", *ROLES, "--rename", "x", "--out", "o"], "AM101", "OLD=NEW"),
        (["run", "people.csv", *ROLES, "--rows", "0", "--out", "o"], "AM100", "--rows"),
        (["run", "people.csv", *ROLES, "--generator", "gna", "--out", "o"], "AM401", "gan"),
        (["frobnicate"], "AM100", "frobnicate"),
        (["verify", "nowhere"], "AM201", "nowhere"),
        (["report", "people.csv", "--format", "html", "--out", "o"], "AM604", "people.csv"),
        (["--config", "none.toml", "plugins", "list"], "AM201", "none.toml"),
    ],
)
def test_bad_options(own, arguments, code, told):
    done = call(*arguments, cwd=own)
    assert f"error[{code}]" in done.stderr, done.stderr
    assert told in done.stderr
    assert done.returncode in ({1} if code == "AM604" else {2})
    assert not (own / "o").exists()


def test_a_policy_with_an_unknown_key(own):
    (own / "policy.toml").write_text(
        'schema = "assaymark-policy/1"\nname = "x"\nmargin = 3\n[gates]\nfail_on = []\nfindings = []\n'
    )
    done = call("run", "people.csv", *ROLES, "--policy", "policy.toml", "--out", "o", cwd=own)
    assert done.returncode == 2
    assert "error[AM301]" in done.stderr
    assert "margin" in done.stderr


def test_a_synthetic_table_that_does_not_fit(own):
    (own / "short.csv").write_text("sex,approved\nMale,yes\nFemale,no\n")
    done = call("audit", "people.csv", "short.csv", *ROLES, cwd=own)
    assert done.returncode == 2
    assert "error[AM214]" in done.stderr
    text = (own / "people.csv").read_text().splitlines()
    head, row = text[0], text[1].split(",")
    row[1] = "forty"
    (own / "typed.csv").write_text("\n".join([head, *text[1:5], ",".join(row)]) + "\n")
    done = call("audit", "people.csv", "typed.csv", *ROLES, cwd=own)
    assert done.returncode == 2
    assert "age" in done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder(own):
    own.chmod(0o500)
    done = call("run", "people.csv", *ROLES, "--out", "out", cwd=own)
    own.chmod(0o700)
    assert done.returncode == 2
    assert "error[AM701]" in done.stderr


def test_a_full_disk(own):
    limited = subprocess.run(
        ["bash", "-c", f"ulimit -f 20; exec {sys.executable} -m assaymark.cli run people.csv {' '.join(ROLES)} --out out"],
        capture_output=True, text=True, cwd=own, check=False,
    )  # fmt: skip
    assert limited.returncode == 2, limited.stderr
    assert "error[AM701]" in limited.stderr
    assert not (own / "out").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_half_way_leaves_nothing(own, number):
    command = [sys.executable, "-m", "assaymark.cli", "run", "people.csv", *ROLES, "--generator", "diffusion", "--out", "out"]
    process = subprocess.Popen(command, cwd=own, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("fit"):
            break
    time.sleep(2)
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130, told
    assert "error[AM801]" in told
    assert [entry.name for entry in own.iterdir()] == ["people.csv"]


def test_a_group_of_one_row_is_pooled_and_said_so(own):
    text = (own / "people.csv").read_text().splitlines()
    row = text[1].split(",")
    row[0] = "Xylo"
    (own / "more.csv").write_text("\n".join([*text, ",".join(row)]) + "\n")
    done = call("run", "more.csv", *ROLES, "--out", "out", cwd=own)
    assert done.returncode in {1, 3}
    assert "Xylo" not in done.stdout + done.stderr
    assert "not estimable" in done.stdout or "small" in done.stdout
    for path in (own / "out").iterdir():
        assert b"Xylo" not in path.read_bytes()
