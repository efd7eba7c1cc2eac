"""Column shapes and all pair trends of Adult bootstrapped to many rows: ours, SDMetrics', and the physical floor, in one run.

    python tests/benchmarks/fidelity.py --peer-python PEER_ENVIRONMENT/bin/python [--data FOLDER] [--rows 1000000]

Each is measured in a process of its own, from Parquet files of both tables to the scores, imports excluded. SDMetrics 0.32 is
asked for all rows. The floor is what NumPy needs to encode both tables and to count their one- and two-way tables, numbers cut
into ten, once they are read.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from itertools import chain, combinations
from pathlib import Path

RENAMES = {
    "type_employer": "workclass",
    "marital": "marital_status",
    "hr_per_week": "hours_per_week",
    "country": "native_country",
}
NUMBERS = {"age", "fnlwgt", "education_num", "capital_gain", "capital_loss", "hours_per_week"}
FILES = ("real.parquet", "synthetic.parquet")
HERE = Path(__file__)


def clock(work):
    """Return what ``work`` returns, and its CPU and wall seconds."""
    cpu, wall = time.process_time(), time.perf_counter()
    value = work()
    return value, {"cpu_s": round(time.process_time() - cpu, 2), "wall_s": round(time.perf_counter() - wall, 2)}


def make(data: Path, folder: Path, rows: int) -> None:
    """Write both tables, bootstrapped to ``rows`` rows."""
    import pandas as pd

    real = pd.read_csv(data / "adult_train.csv")
    synthetic = pd.read_csv(data / "adult_synthetic_ctgan.csv").rename(columns=RENAMES)[list(real.columns)]
    for seed, (name, table) in enumerate(zip(FILES, (real, synthetic), strict=True), 1):
        table.sample(rows, replace=True, random_state=seed).reset_index(drop=True).to_parquet(folder / name, index=False)


def ours(folder: Path) -> dict[str, object]:
    """Measure our pure function, and the whole of our reader before it."""
    import scipy.special  # noqa: F401 - imports are not part of the work
    from pyarrow import parquet
    from threadpoolctl import threadpool_limits

    from assaymark.checks.fidelity.comparison import compare
    from assaymark.tables.loading import TableOptions, load_like, load_real
    from assaymark.tables.roles import RoleOptions
    from assaymark.tables.schema import Column, Kind, Schema
    from assaymark.tables.table import Table

    names = parquet.read_schema(folder / FILES[0]).names
    schema = Schema(tuple(Column(name, Kind.INTEGER if name in NUMBERS else Kind.CATEGORICAL) for name in names))
    words = [name for name in names if name not in NUMBERS]

    def read(name):
        file = parquet.ParquetFile(folder / name, read_dictionary=words)  # categories stay in dictionaries, as they are stored
        return Table(file.read(use_threads=False), schema)

    def work():
        return compare([read(name) for name in FILES], schema.learnable)

    with threadpool_limits(limits=1):
        found, spent = clock(work)
    peak = peak_mb()
    roles = RoleOptions(target="income", positive=">50K", protected=("sex", "race"))

    def checked():
        real = load_real(folder / FILES[0], TableOptions(), roles).table
        load_like(folder / FILES[1], real.schema, TableOptions())

    scores = [[m.theirs.scores[0] for m in part.measures] for part in (found.shapes, found.trends)]
    return {**spent, "peak_mb": peak, "reader_with_all_checks_cpu_s": clock(checked)[1]["cpu_s"], "scores": scores}


def theirs(folder: Path) -> dict[str, object]:
    """Measure SDMetrics on all rows; runs in its own environment."""
    import warnings

    warnings.filterwarnings("ignore")
    import pandas as pd
    from sdmetrics.reports.single_table import QualityReport
    from sdmetrics.reports.single_table._properties import ColumnPairTrends

    def work():
        real, synthetic = (pd.read_parquet(folder / name) for name in FILES)
        columns = {name: {"sdtype": "numerical" if name in NUMBERS else "categorical"} for name in real}
        report = QualityReport()
        report.num_rows_subsample = None
        report.generate(real, synthetic, {"columns": columns}, verbose=False)
        return report, real, synthetic, columns

    (report, real, synthetic, columns), spent = clock(work)
    peak = peak_mb()
    trends = ColumnPairTrends()
    trends.num_rows_subsample = None
    trends.get_score(real, synthetic, {"columns": columns})
    scores = [report.get_details("Column Shapes")["Score"].tolist(), trends.details["Score"].tolist()]
    return {**spent, "peak_mb": peak, "scores": scores}


def floor(folder: Path) -> dict[str, object]:
    """Measure NumPy encoding both tables and counting all one- and two-way tables."""
    import numpy as np
    import pandas as pd

    tables = [pd.read_parquet(folder / name) for name in FILES]

    def encode(table):
        codes = []
        for name in table:
            if name in NUMBERS:
                values = table[name].to_numpy()
                code = np.searchsorted(np.linspace(values.min(), values.max(), 11)[1:-1], values)
                codes.append((code, 10))
            else:
                code, labels = pd.factorize(table[name], use_na_sentinel=False)
                codes.append((code, len(labels)))
        return codes

    def count(codes):
        for code, width in codes:
            np.bincount(code, minlength=width)
        for (first, rows), (second, columns) in combinations(codes, 2):
            np.bincount(first * columns + second, minlength=rows * columns)

    encoded, encoding = clock(lambda: [encode(table) for table in tables])
    _, counting = clock(lambda: [count(codes) for codes in encoded])
    return {
        "cpu_s": round(encoding["cpu_s"] + counting["cpu_s"], 2),
        "wall_s": round(encoding["wall_s"] + counting["wall_s"], 2),
        "encoding_cpu_s": encoding["cpu_s"],
        "counting_cpu_s": counting["cpu_s"],
        "peak_mb": peak_mb(),
    }


def peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def child(python: str, part: str, folder: Path) -> dict[str, object]:
    done = subprocess.run(
        [python, str(HERE), "--part", part, "--folder", str(folder)], check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer-python", help="Python of an environment with sdmetrics 0.32; without it the peer is left out")
    parser.add_argument("--data", type=Path, default=HERE.resolve().parents[2].parent / "shared" / "data")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--part", choices=["ours", "theirs", "floor"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        print(json.dumps({"ours": ours, "theirs": theirs, "floor": floor}[options.part](options.folder)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(options.data, folder, options.rows)
        found = {"rows": options.rows, "columns": 15, "ours": child(sys.executable, "ours", folder)}
        if options.peer_python:
            found["sdmetrics"] = child(options.peer_python, "theirs", folder)
        found["numpy_floor"] = child(sys.executable, "floor", folder)
    if options.peer_python:
        pairs = zip(*(chain(*found[one].pop("scores")) for one in ("ours", "sdmetrics")), strict=True)
        found["largest_difference_of_scores"] = max(abs(first - second) for first, second in pairs)
        found["ratio_cpu"] = round(found["sdmetrics"]["cpu_s"] / found["ours"]["cpu_s"], 1)
    else:
        found["ours"].pop("scores")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
