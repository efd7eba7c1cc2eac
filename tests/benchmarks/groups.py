"""Thirteen group metrics by sex and race, with and without a bootstrap: ours from one table of counts, Fairlearn's from rows.

    python tests/benchmarks/groups.py [--data FOLDER] [--rows 1000000] [--draws 10000] [--skip-peer]

Adult bootstrapped to many rows, with labels that are wrong in 15% of them. Each is measured in a process of its own, imports
and the making of the data excluded. The numbers of both are compared, group by group.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from measured import machine, measure, table

NAMES = (
    "selection_rate", "true_positive_rate", "false_positive_rate", "false_negative_rate", "precision", "accuracy",
    "true_negative_rate", "recall", "f1", "balanced_accuracy", "zero_one_loss", "mean_prediction", "count",
)  # fmt: skip


def rows_of(data: Path, rows: int):
    """Return sex, race, outcome and label of each row."""
    import pandas as pd

    adult = pd.read_csv(data / "adult_train.csv", usecols=["sex", "race", "income"])
    frame = adult.sample(rows, replace=True, random_state=1).reset_index(drop=True)
    truth = (frame["income"] == ">50K").to_numpy().astype(np.int64)
    wrong = np.random.default_rng(0).random(rows) < 0.15
    return frame[["sex", "race"]], truth, np.where(wrong, 1 - truth, truth)


def thirteen(counts: np.ndarray) -> np.ndarray:
    """Return all metrics, shape (..., groups, 13), of counts by outcome and label, shape (..., groups, 4)."""
    from assaymark.checks.utility.group_rates import rates

    six = rates(counts)
    selection, hit, false, missed, precise, right = np.moveaxis(six, -1, 0)
    rows = counts.sum(axis=-1)
    f1 = 2 * counts[..., 3] / (2 * counts[..., 3] + counts[..., 1] + counts[..., 2])
    more = (1 - false, hit, f1, (hit + 1 - false) / 2, 1 - right, selection, rows)
    return np.stack([selection, hit, false, missed, precise, right, *more], axis=-1)


def ours(data: Path, rows: int, draws: int) -> dict[str, object]:
    """Measure our way: one pass over the rows, then everything from the counts."""
    import pyarrow as pa

    from assaymark.statistics.bootstrap import percentile_interval, resample
    from assaymark.tables.schema import Column, Kind, Schema
    from assaymark.tables.table import Table

    frame, truth, label = rows_of(data, rows)
    schema = Schema((Column("sex", Kind.CATEGORICAL), Column("race", Kind.CATEGORICAL)))
    people = Table.from_arrow(pa.Table.from_pandas(frame, preserve_index=False), schema)
    began = time.perf_counter()
    (sex, sexes), (race, races) = people.labels("sex"), people.labels("race")
    cells = ((sex.astype(np.int64) * len(races) + race) * 2 + truth) * 2 + label
    counts = np.bincount(cells, minlength=len(sexes) * len(races) * 4).reshape(-1, 4)
    found = thirteen(counts)
    plain = time.perf_counter() - began
    drawn = thirteen(resample(counts, draws, np.random.default_rng(0)))
    spread = drawn.max(axis=1) - drawn.min(axis=1)
    percentile_interval(drawn, 0.95)
    percentile_interval(spread, 0.95)
    names = [f"{a}|{b}" for a in sexes for b in races]
    return {
        "plain_s": plain,
        "with_draws_s": time.perf_counter() - began,
        "by_group": dict(zip(names, found.tolist(), strict=True)),
    }


def theirs(data: Path, rows: int, _: int) -> dict[str, object]:
    """Measure Fairlearn's MetricFrame on the rows; the bootstrap by a few draws, since it takes the same time for each."""
    import warnings

    warnings.filterwarnings("ignore")
    from fairlearn import metrics as fm
    from sklearn import metrics as sk

    frame, truth, label = rows_of(data, rows)
    functions = {
        "selection_rate": fm.selection_rate, "true_positive_rate": fm.true_positive_rate,
        "false_positive_rate": fm.false_positive_rate, "false_negative_rate": fm.false_negative_rate,
        "precision": sk.precision_score, "accuracy": sk.accuracy_score, "true_negative_rate": fm.true_negative_rate,
        "recall": sk.recall_score, "f1": sk.f1_score, "balanced_accuracy": sk.balanced_accuracy_score,
        "zero_one_loss": sk.zero_one_loss, "mean_prediction": fm.mean_prediction, "count": fm.count,
    }  # fmt: skip
    began = time.perf_counter()
    made = fm.MetricFrame(metrics=functions, y_true=truth, y_pred=label, sensitive_features=frame)
    made.difference()
    plain = time.perf_counter() - began
    by_group = {f"{a}|{b}": [float(row[name]) for name in NAMES] for (a, b), row in made.by_group.iterrows()}
    began = time.perf_counter()
    two = 2
    fm.MetricFrame(
        metrics=functions, y_true=truth, y_pred=label, sensitive_features=frame, n_boot=two, ci_quantiles=[0.025, 0.975],
        random_state=0,
    )  # fmt: skip
    each = (time.perf_counter() - began - plain) / two
    return {"plain_s": plain, "draw_s": each, "by_group": by_group}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2].parent / "shared" / "data")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--draws", type=int, default=10_000)
    parser.add_argument("--skip-peer", action="store_true")
    parser.add_argument("--part", choices=["ours", "theirs"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        work = {"ours": ours, "theirs": theirs}[options.part]
        print(json.dumps(work(options.data, options.rows, options.draws)))
        return
    same = [sys.executable, __file__, "--data", str(options.data), "--rows", str(options.rows), "--draws", str(options.draws)]
    own = measure([*same, "--part", "ours"]).document()
    print(f"{options.rows:,} rows, sex x race, 13 metrics; {machine()}\n")
    rows = [["Assaymark", f"{own['plain_s']:.3f}", f"{own['with_draws_s']:.3f}"]]
    if not options.skip_peer:
        peer = measure([*same, "--part", "theirs"]).document()
        rows.append(
            ["Fairlearn", f"{peer['plain_s']:.1f}", f"{peer['draw_s'] * options.draws:,.0f} ({peer['draw_s']:.1f} each)"]
        )
        rows.append(
            ["ratio", f"{peer['plain_s'] / own['plain_s']:.0f}", f"{peer['draw_s'] * options.draws / own['with_draws_s']:,.0f}"]
        )
    print(table(["wall s", "metrics", f"with {options.draws:,} bootstrap draws"], rows))
    if not options.skip_peer:
        pairs = [(own["by_group"][name], peer["by_group"][name]) for name in peer["by_group"]]
        print(
            f"\nlargest difference of {13 * len(pairs)} numbers: {max(np.abs(np.subtract(*pair)).max() for pair in pairs):.1e}"
        )


if __name__ == "__main__":
    main()
