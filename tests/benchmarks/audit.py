"""The whole default audit from files to audit.json, and each of its parts beside what a user would pick instead, in one run.

    python tests/benchmarks/audit.py [--data FOLDER] [--rows 1000000] [--sdmetrics PYTHON] [--anonymeter PYTHON] [--only-audit]

The audit is measured as a whole process, on Adult as it is and bootstrapped to many rows (holdout: a quarter of them). The
parts are measured by the scripts beside this one; a peer that needs an environment of its own is left out unless that is named.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from measured import Measured, machine, measure, table

HERE = Path(__file__).parent

RENAMES = {
    "type_employer": "workclass",
    "marital": "marital_status",
    "hr_per_week": "hours_per_week",
    "country": "native_country",
}
ROLES = ["--target", "income", "--positive", ">50K", "--protected", "sex", "--protected", "race"]
SOURCES = ("adult_train", "adult_synthetic_ctgan", "adult_test")


def bootstrapped(data: Path, folder: Path, rows: int) -> list[Path]:
    """Write real, synthetic and holdout tables of Adult with many rows as Parquet; return their paths."""
    import pandas as pd

    made = []
    for seed, (name, count) in enumerate(zip(SOURCES, (rows, rows, rows // 4), strict=True), 1):
        frame = pd.read_csv(data / f"{name}.csv").rename(columns=RENAMES)
        made.append(folder / f"{name}.parquet")
        frame.sample(count, replace=True, random_state=seed).reset_index(drop=True).to_parquet(made[-1], index=False)
    return made


def audit(files: list[Path], out: Path, keys: Path) -> Measured:
    """Run the command that a user runs."""
    real, synthetic, holdout = map(str, files)
    renames = [word for old, new in RENAMES.items() for word in ("--rename", f"{old}={new}")]
    command = [sys.executable, "-m", "assaymark.cli", "audit", real, synthetic, "--holdout", holdout, *ROLES]
    more = renames if synthetic.endswith(".csv") else []
    return measure([*command, *more, "--out", str(out), "--quiet"], {"ASSAYMARK_CONFIG_DIR": str(keys)})


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=HERE.resolve().parents[1].parent / "shared" / "data")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--sdmetrics", help="Python of an environment with sdmetrics 0.32")
    parser.add_argument("--anonymeter", help="Python of an environment with anonymeter 1.1")
    parser.add_argument("--only-audit", action="store_true")
    options = parser.parse_args()
    print(f"# The whole audit\n\n{machine()}\n")
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        many = bootstrapped(options.data, folder, options.rows)
        adult = [options.data / f"{part}.csv" for part in SOURCES]
        for label, files, out in (("Adult", adult, "adult"), (f"{options.rows:,} rows", many, "many")):
            found = audit(files, folder / out, folder / "keys")
            findings = len(json.loads((folder / out / "audit.json").read_bytes())["findings"])
            rows.append([label, f"{found.wall:.1f}", f"{found.cpu:.1f}", f"{found.rss:.0f}", str(findings), str(found.code)])
    print(table(["table", "wall s", "CPU s", "peak MiB", "findings", "exit"], rows), flush=True)
    if options.only_audit:
        return
    parts = {
        "groups.py": [],
        "fidelity.py": ["--peer-python", options.sdmetrics] if options.sdmetrics else [],
        "attacks.py": ["--peer-python", options.anonymeter] if options.anonymeter else [],
        "membership.py": [],
    }
    for script, more in parts.items():
        print(f"\n# {script}\n", flush=True)
        subprocess.run([sys.executable, str(HERE / script), *more], check=False)


if __name__ == "__main__":
    main()
