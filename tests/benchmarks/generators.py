"""Print how good the generators are, and those of others in the same run, by one scorer: a table for docs/benchmarks.md.

    python tests/benchmarks/generators.py --shared ../shared --scorer-python PYTHON [--dataset adult] [--generator gan]
        [--seed 0] [--budget 180] [--peer tabularargn=PYTHON] [--peer ctgan=PYTHON] [--work DIR]

Fits each generator with its defaults, in a process of its own, samples as many rows as it learned from, and scores them by
``peers/score.py`` in the shared folder. PYTHON are interpreters of virtual environments: the scorer's has sdmetrics, fairlearn
and scikit-learn; a peer's has that peer (sdv for gaussian-copula, ctgan and tvae; mostlyai-engine for tabularargn). Adult has a
test split; of COMPAS and German Credit a random third is the holdout. Medians over the seeds are printed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

import pandas as pd


@dataclass(frozen=True)
class Dataset:
    """A real table, and what the scorer must know of it."""

    train: str
    holdout: str | None
    target: str
    positive: str
    protected: tuple[str, ...]
    numbers: tuple[str, ...]


DATASETS = {
    "adult": Dataset(
        "adult_train.csv",
        "adult_test.csv",
        "income",
        ">50K",
        ("sex", "race"),
        ("age", "fnlwgt", "education_num", "capital_gain", "capital_loss", "hours_per_week"),
    ),
    "compas": Dataset(
        "compas_two_years.csv",
        None,
        "two_year_recid",
        "1",
        ("sex", "race"),
        (
            "age",
            "juv_fel_count",
            "juv_misd_count",
            "juv_other_count",
            "priors_count",
            "days_b_screening_arrest",
            "c_days_from_compas",
            "decile_score",
            "v_decile_score",
        ),
    ),
    "german": Dataset(
        "german_credit.csv",
        None,
        "class-label",
        "1",
        ("sex",),
        ("duration", "credit-amount", "installment-rate", "residence-since", "age", "existing-credits"),
    ),
}
PEERS = {
    "gaussian-copula": ("run_sdv.py", lambda train, out, seed: ["gc", "0", out, "2", train, seed]),
    "ctgan": ("run_sdv.py", lambda train, out, seed: ["ctgan", "50", out, "2", train, seed]),
    "tvae": ("run_sdv.py", lambda train, out, seed: ["tvae", "300", out, "2", train, seed]),
    "tabularargn": ("run_mostly.py", lambda train, out, seed: [out, "30", "2", train, seed]),
}
COLUMNS = ("quality", "shapes", "trends", "c2st_auc", "tstr_auc", "trtr_auc", "fit_s", "fit_cpu_s", "sample_s", "peak_rss_mb")


def fit_one(name: str, train: Path, out: Path, dataset: Dataset, seed: int, budget: float | None) -> None:
    """Fit and sample one of our generators, and print what it cost."""
    from assaymark.execution import Run
    from assaymark.host.registry import load_registry, open_generator
    from assaymark.tables.loading import TableOptions, load_real
    from assaymark.tables.roles import RoleOptions
    from assaymark.tables.writing import write_table

    roles = RoleOptions(target=dataset.target, positive=dataset.positive, protected=dataset.protected)
    table = load_real(train, TableOptions(), roles).table
    run = Run(seed, device="auto", budget=budget)
    began, spent = time.perf_counter(), time.process_time()
    fitted = open_generator(load_registry().generator(name), {}).fit(table, table.schema, run)
    told = {"fit_s": time.perf_counter() - began, "fit_cpu_s": time.process_time() - spent}
    began = time.perf_counter()
    write_table(fitted.sample(table.rows, run), out, "csv")
    told |= {"sample_s": time.perf_counter() - began, "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}
    print(json.dumps(told))


def split(shared: Path, work: Path, dataset: Dataset) -> tuple[Path, Path]:
    """Return the files to learn from and to hold out."""
    train = shared / "data" / dataset.train
    if dataset.holdout is not None:
        return train, shared / "data" / dataset.holdout
    rows = pd.read_csv(train, dtype=str, keep_default_na=False).sample(frac=1, random_state=0)
    third = len(rows) // 3
    paths = work / f"train_{dataset.train}", work / f"holdout_{dataset.train}"
    for part, path in zip((rows.iloc[third:], rows.iloc[:third]), paths, strict=True):
        part.to_csv(path, index=False)
    return paths


def score(arguments: argparse.Namespace, dataset: Dataset, train: Path, holdout: Path, out: Path) -> dict[str, float]:
    """Return what the shared scorer says of a synthetic table."""
    names = pd.read_csv(train, nrows=0).columns
    command = [arguments.scorer_python, arguments.shared / "peers" / "score.py", "--train", train, "--holdout", holdout]
    command += ["--synthetic", out, "--target", dataset.target, "--positive", dataset.positive]
    command += ["--protected", ",".join(dataset.protected)]
    command += ["--categorical", ",".join(name for name in names if name not in dataset.numbers)]
    return json.loads(subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True).stdout)


def measure(arguments: argparse.Namespace, name: str, dataset_name: str, seed: int, work: Path) -> dict[str, float]:
    """Return cost and scores of one generator, ours or a peer's."""
    dataset = DATASETS[dataset_name]
    train, holdout = split(arguments.shared, work, dataset)
    out = work / f"{dataset_name}_{name}_{seed}.csv"
    out.unlink(missing_ok=True)
    if name in arguments.peers:
        script, options = PEERS[name]
        command = [
            arguments.peers[name],
            arguments.shared / "peers" / "run" / script,
            *options(str(train), str(out), str(seed)),
        ]
    else:
        command = [sys.executable, __file__, "--fit", name, "--train", train, "--out", out, "--dataset", dataset_name]
        command += ["--seed", seed, "--shared", arguments.shared, *(["--budget", arguments.budget] if arguments.budget else [])]
    done = subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True, cwd=work, env=os.environ)
    told = json.loads(done.stdout.strip().splitlines()[-1]) | score(arguments, dataset, train, holdout, out)
    told |= {f"dpd_gap_{g}": told[f"dpd_{g}_synthetic"] - told[f"dpd_{g}_real"] for g in dataset.protected}
    told["lost"] = sum(len(told[f"lost_groups_{g}"]) for g in dataset.protected)
    print(f"{dataset_name} {name} seed {seed}: {json.dumps(told)}", file=sys.stderr, flush=True)
    return told


def print_table(dataset: str, results: dict[str, list[dict[str, float]]]) -> None:
    """Print one dataset's medians as a Markdown table."""
    gaps = [f"dpd_gap_{group}" for group in DATASETS[dataset].protected]
    columns = [*COLUMNS, *gaps, "lost"]
    print(f"\n### {dataset}\n\n| generator | " + " | ".join(columns) + " |")
    print("|---" * (len(columns) + 1) + "|")
    for name, runs in results.items():
        cells = [
            f"{median(values):.{0 if column.endswith(('_mb', 'lost')) else 1 if column.endswith('_s') else 3}f}"
            if values
            else "–"
            for column in columns
            for values in [[run[column] for run in runs if column in run]]
        ]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path(__file__).resolve().parents[2].parent / "shared")
    parser.add_argument("--scorer-python", default=sys.executable)
    parser.add_argument("--dataset", action="append", choices=sorted(DATASETS))
    parser.add_argument("--generator", action="append")
    parser.add_argument("--seed", action="append", type=int)
    parser.add_argument("--budget", type=float)
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PYTHON")
    parser.add_argument("--work", type=Path)
    parser.add_argument("--fit", help=argparse.SUPPRESS)
    parser.add_argument("--train", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    arguments.shared = arguments.shared.resolve()  # each fit runs in a folder of its own
    if arguments.fit:
        dataset = DATASETS[arguments.dataset[0]]
        fit_one(arguments.fit, arguments.train, arguments.out, dataset, arguments.seed[0], arguments.budget)
        return
    arguments.peers = dict(peer.split("=", 1) for peer in arguments.peer)
    seeds, names = arguments.seed or [0, 1, 2], [*(arguments.generator or ["copula", "gan", "diffusion"]), *arguments.peers]
    versions = ", ".join(f"{name} {version(name)}" for name in ("assaymark", "torch", "numpy", "scikit-learn"))
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    print(f"{datetime.now(UTC):%Y-%m-%d}, {machine}, {versions}")
    print(f"seeds {seeds}, defaults" + (f", budget {arguments.budget:g} s" if arguments.budget else ""))
    with tempfile.TemporaryDirectory() as folder:
        work = (arguments.work or Path(folder)).resolve()
        work.mkdir(parents=True, exist_ok=True)
        for dataset in arguments.dataset or list(DATASETS):
            print_table(dataset, {name: [measure(arguments, name, dataset, seed, work) for seed in seeds] for name in names})


if __name__ == "__main__":
    main()
