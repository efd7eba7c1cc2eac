"""Singling out, linkability and inference of every column of Adult: ours and Anonymeter's, in one run.

    python tests/benchmarks/attacks.py --peer-python PEER_ENVIRONMENT/bin/python [--data FOLDER] [--attacks 500]

Both look at the same CSV files and make as many attacks, each in a process of its own with one thread; reading and imports are
not counted. The peer's environment has ``anonymeter==1.1.0`` and ``pandas<3``. Risks are random on both sides; those of
singling out differ by more than that, because the holdout is half as large as real (see docs/explanation/privacy-attacks.md).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import warnings
from dataclasses import replace
from pathlib import Path

RENAMES = {
    "type_employer": "workclass",
    "marital": "marital_status",
    "hr_per_week": "hours_per_week",
    "country": "native_country",
}
NAMES = ("real", "synthetic", "holdout")
HALVES = (
    ["age", "education_num", "capital_loss", "workclass", "marital_status", "relationship", "sex", "income"],
    ["fnlwgt", "capital_gain", "hours_per_week", "education", "occupation", "race", "native_country"],
)


def clock(work):
    """Return what ``work`` returns, and the processor seconds that it took."""
    began = time.process_time()
    return work(), time.process_time() - began


def ours(folder: Path, attacks: int) -> dict[str, object]:
    """Return risks and seconds of our two checks; every column is a secret."""
    from threadpoolctl import threadpool_limits

    from assaymark.checks.plugin import assaymark_checks
    from assaymark.checks.privacy import record_attacks, singling_out
    from assaymark.execution import Run
    from assaymark.host.specs import CheckInput
    from assaymark.policy.loading import load_policy
    from assaymark.tables.loading import TableOptions, load_like, load_real
    from assaymark.tables.roles import RoleOptions
    from assaymark.tables.schema import Role

    roles = RoleOptions(target="income", positive=">50K", protected=("sex", "race"))
    real = load_real(folder / "real.csv", TableOptions(), roles).table
    synthetic, holdout = (load_like(folder / f"{name}.csv", real.schema, TableOptions()).table for name in NAMES[1:])
    schema = real.schema
    for column in real.schema:
        schema = schema.with_column(replace(column, roles=column.roles | {Role.SECRET}))
    known = frozenset(identifier for spec in assaymark_checks() for identifier in spec.ids)
    policy = replace(load_policy(None, known), attacks=attacks)
    data = CheckInput(real, holdout, synthetic, schema, None, policy, Run(0))
    risks, seconds = {}, {}
    with threadpool_limits(limits=1):
        for name, check in (("singling out", singling_out.check), ("linkability and inference", record_attacks.check)):
            found, seconds[name] = clock(lambda check=check: list(check(data)))
            for one in found:
                risks[" ".join([one.id.removeprefix("privacy."), *one.scope.values()])] = [one.value, *one.ci]
    return {"risks": risks, "seconds": seconds}


def theirs(folder: Path, attacks: int) -> dict[str, object]:
    """Return Anonymeter's risks and seconds; runs in its own environment."""
    warnings.filterwarnings("ignore")
    import pandas as pd
    from anonymeter.evaluators import InferenceEvaluator, LinkabilityEvaluator, SinglingOutEvaluator

    real, synthetic, holdout = (pd.read_csv(folder / f"{name}.csv") for name in NAMES)
    risks: dict[str, list[float]] = {}

    def keep(name, evaluator):
        found = evaluator.risk()
        risks[name] = [float(number) for number in (found.value, *found.ci)]

    def single_out():
        for mode in ("univariate", "multivariate"):
            made = SinglingOutEvaluator(ori=real, syn=synthetic, control=holdout, n_attacks=attacks, seed=0)
            keep(f"singling_out_{mode}", made.evaluate(mode=mode))

    def records():
        linker = LinkabilityEvaluator(real, synthetic, HALVES, n_attacks=attacks, n_neighbors=10, control=holdout)
        keep("linkability", linker.evaluate(n_jobs=1))
        for secret in real.columns:
            known, numeric = [name for name in real.columns if name != secret], real[secret].dtype.kind in "if"
            guesser = InferenceEvaluator(real, synthetic, known, secret, numeric, n_attacks=attacks, control=holdout)
            keep(f"attribute_inference {secret}", guesser.evaluate(n_jobs=1))

    seconds = {"singling out": clock(single_out)[1], "linkability and inference": clock(records)[1]}
    return {"risks": risks, "seconds": seconds}


def make(data: Path, folder: Path) -> None:
    """Write the three tables with one set of headers."""
    import pandas as pd

    real = pd.read_csv(data / "adult_train.csv")
    synthetic = pd.read_csv(data / "adult_synthetic_ctgan.csv").rename(columns=RENAMES)[list(real.columns)]
    for name, table in zip(NAMES, (real, synthetic, pd.read_csv(data / "adult_test.csv")), strict=True):
        table.to_csv(folder / f"{name}.csv", index=False)


def measured(python: str, side: str, folder: Path, attacks: int):
    """Return what one side measures in a process of its own."""
    command = [python, __file__, "--side", side, "--folder", str(folder), "--attacks", str(attacks)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def shown(risk: list[float] | None) -> str:
    """Return a risk with its interval."""
    return "–" if risk is None else "{:.3f} [{:.3f}, {:.3f}]".format(*risk)


def report(attacks: int, mine, peer) -> None:
    """Print seconds with their ratio, and risks side by side."""
    sys.path.insert(0, str(Path(__file__).parent))
    from measured import machine, table

    print(f"{attacks} attacks each; {machine()}\n")
    mine["seconds"]["all"], peer["seconds"]["all"] = (sum(side["seconds"].values()) for side in (mine, peer))
    rows = [
        [name, f"{spent:.2f}", f"{peer['seconds'][name]:.1f}", f"1/{peer['seconds'][name] / spent:.0f}"]
        for name, spent in mine["seconds"].items()
    ]
    print(table(["work", "ours, CPU s", "Anonymeter, CPU s", "ratio"], rows) + "\n")
    print(table(["risk", "ours", "Anonymeter"], [[n, shown(r), shown(peer["risks"].get(n))] for n, r in mine["risks"].items()]))


def main() -> None:
    """Measure both sides, or be one of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer-python")
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[3] / "shared" / "data")
    parser.add_argument("--attacks", type=int, default=500)
    parser.add_argument("--side", choices=["ours", "theirs"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.side:
        print(json.dumps((ours if asked.side == "ours" else theirs)(asked.folder, asked.attacks)))
        return
    if not asked.peer_python:
        parser.error("--peer-python is needed")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(asked.data, folder)
        mine = measured(sys.executable, "ours", folder, asked.attacks)
        peer = measured(asked.peer_python, "theirs", folder, asked.attacks)
    report(asked.attacks, mine, peer)


if __name__ == "__main__":
    main()
