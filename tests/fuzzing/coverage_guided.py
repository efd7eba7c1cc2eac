"""The parsers of a stranger's bytes under atheris, which looks for inputs that reach new code.

python tests/fuzzing/coverage_guided.py [--seconds 60] [--corpus DIR] [PARSER ...]

Each parser runs in a process of its own, and stops with an error at the first exception that is none of ours, at an input that
takes more than ten seconds, or at 2 GB of memory. Needs atheris; Hypothesis runs the same
parsers in CI.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

TIMEOUT, MEMORY = 10, 2048  # seconds, MiB


def main() -> int:
    """Run every parser for a while; return 1 when one of them failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="for each parser")
    parser.add_argument("--release", type=Path, help="a release folder to start from; default one of made-up people")
    parser.add_argument("--corpus", type=Path, help="where found inputs are kept; default a folder that goes away")
    parser.add_argument("parsers", nargs="*")
    options = parser.parse_args()
    import targets

    with tempfile.TemporaryDirectory() as place:
        os.environ["ASSAYMARK_CONFIG_DIR"] = f"{place}/keys"
        options.release = options.release or made_up_release(Path(place))
        folder = options.corpus or Path(place)
        failed = []
        for name in options.parsers or targets.TARGETS:
            corpus = folder / name
            corpus.mkdir(parents=True, exist_ok=True)
            for number, content in enumerate(targets.examples(options.release)[name]):
                (corpus / f"good-{number}").write_bytes(content)
            limits = [f"-max_total_time={options.seconds}", f"-timeout={TIMEOUT}", f"-rss_limit_mb={MEMORY}", "-max_len=65536"]
            command = [sys.executable, __file__, "--one", name, str(options.release), str(corpus), *limits]
            done = subprocess.run([*command, f"-artifact_prefix={corpus}/"], check=False)
            failed += [name] if done.returncode else []
    print("failed: " + ", ".join(failed) if failed else "no parser failed")
    return 1 if failed else 0


def made_up_release(place: Path) -> Path:
    """Return a release of a run on made-up people, whose files the search starts from."""
    from assaymark.execution import Run
    from assaymark.pipeline.requests import RunRequest
    from assaymark.pipeline.running import run
    from assaymark.tables.loading import TableOptions
    from assaymark.tables.roles import RoleOptions
    from assaymark.tables.writing import write_table
    from assaymark.testing.tables import mixed_table

    write_table(mixed_table(3000, seed=7), place / "people.csv", "csv")
    roles = RoleOptions(target="approved", positive="yes", protected=("sex",))
    run(RunRequest(place / "people.csv", roles, TableOptions(), place / "release"), Run(0))
    return place / "release"


def one(name: str, release: str, arguments: list[str]) -> None:
    """Search one parser until libFuzzer's limits end it."""
    import atheris

    with atheris.instrument_imports(include=["assaymark"]):
        import targets

        targets.accepts(targets.TARGETS[name], b"")  # imports what it needs, so that it is instrumented
    if name == "anchor":
        targets.SIDECAR = (Path(release) / "policy.toml.c2pa").read_bytes()
    parse = targets.TARGETS[name]

    def look(content: bytes) -> None:
        targets.accepts(parse, content)

    atheris.Setup([sys.argv[0], *arguments], look)
    atheris.Fuzz()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(sys.argv[2], sys.argv[3], sys.argv[4:])
    else:
        sys.exit(main())
