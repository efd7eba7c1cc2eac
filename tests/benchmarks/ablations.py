"""What each choice of the generators adds: one is taken back at a time, and the same scorer asked.

    python tests/benchmarks/ablations.py [--dataset compas] [--steps 400] [--seed 0] [--shared FOLDER] [--scorer-python PYTHON]

The steps are few on purpose, the same for every line, so that a table is made in minutes; single runs. On a table of 5,000
rows a C2ST AUC moves by about 0.01 from seed to seed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).parent))
from generators import DATASETS, score, split


@dataclass(frozen=True)
class Variant:
    """One line of the table.

    Attributes:
        generator: Its generator.
        what: What is different.
        settings: Settings that differ.
        attributes: Attributes of modules that differ, by their dotted name.
    """

    generator: str
    what: str
    settings: dict[str, Any] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)


def _no_order(encoder: Any) -> Any:
    from assaymark_diffusion.process import Order

    names = encoder.code_names
    return Order(None, tuple(names.index(name) if name in names else -1 for name in encoder.number_names))


ALONE = {"assaymark.networks._PAIR": 10**9}
RARE = {"assaymark.neural._BALANCED": 10**9}
VARIANTS = (
    Variant("gan", "as it is"),
    Variant("gan", "no critic", {"adversarial": 0}),
    Variant("gan", "critic ten times as heavy", {"adversarial": 0.5}),
    Variant("gan", "one round", {"rounds": 1}),
    Variant("gan", "three rounds", {"rounds": 3}),
    Variant("gan", "no average of parameters", attributes={"assaymark_gan.training._DECAY": 0.0}),
    Variant("gan", "rare codes not drawn more often", attributes=RARE),
    Variant("gan", "codes of numbers learn alone", attributes=ALONE),
    Variant("diffusion", "as it is"),
    Variant("diffusion", "all numbers continuous", attributes={"assaymark_diffusion.model._BINS": 0}),
    Variant("diffusion", "the target in random order too", attributes={"assaymark_diffusion.model._order": _no_order}),
    Variant("diffusion", "8 steps of sampling", {"sampling_steps": 8}),
    Variant("diffusion", "128 steps of sampling", {"sampling_steps": 128}),
    Variant("diffusion", "no average of parameters", attributes={"assaymark_diffusion.training._DECAY": 0.0}),
    Variant("diffusion", "rare codes not drawn more often", attributes=RARE),
    Variant("diffusion", "codes of numbers learn alone", attributes=ALONE),
)


def make(variant: Variant, arguments: argparse.Namespace, table: Any, out: Path) -> float:
    """Fit and sample a variant; return the processor seconds of the fit."""
    from assaymark.execution import Run
    from assaymark.host.registry import load_registry, open_generator
    from assaymark.tables.writing import write_table

    patches = [patch(name, value) for name, value in variant.attributes.items()]
    for each in patches:
        each.start()
    try:
        began, run = time.process_time(), Run(arguments.seed)
        settings = {"steps": arguments.steps, **variant.settings}
        fitted = open_generator(load_registry().generator(variant.generator), settings).fit(table, table.schema, run)
        spent = time.process_time() - began
        write_table(fitted.sample(table.rows, run), out, "csv", overwrite=True)
    finally:
        for each in patches:
            each.stop()
    return spent


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path(__file__).resolve().parents[2].parent / "shared")
    parser.add_argument("--scorer-python", default=sys.executable)
    parser.add_argument("--dataset", choices=sorted(DATASETS), default="compas")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    from assaymark.tables.loading import TableOptions, load_real
    from assaymark.tables.roles import RoleOptions

    dataset = DATASETS[arguments.dataset]
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        train, holdout = split(arguments.shared, work, dataset)
        roles = RoleOptions(target=dataset.target, positive=dataset.positive, protected=dataset.protected)
        table = load_real(train, TableOptions(), roles).table
        print(f"{arguments.dataset}, {table.rows} rows, {arguments.steps} steps at most, seed {arguments.seed}\n")
        print(
            "| generator | variant | shapes | trends | C2ST AUC | TSTR AUC | fit, CPU s |\n|---|---|---|---|---|---|---|",
            flush=True,
        )
        for variant in VARIANTS:
            spent = make(variant, arguments, table, work / "made.csv")
            told = score(arguments, dataset, train, holdout, work / "made.csv")
            cells = [f"{told[key]:.3f}" for key in ("shapes", "trends", "c2st_auc", "tstr_auc")]
            print(f"| {variant.generator} | {variant.what} | {' | '.join(cells)} | {spent:.0f} |", flush=True)


if __name__ == "__main__":
    main()
