"""Fit and sample without an audit, and keep models."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark import __version__
from assaymark.encoding.conditions import as_number, is_scaled, no_such
from assaymark.encoding.levels import COMMON
from assaymark.errors import ConditionError, ModelFolderError, OptionError
from assaymark.formats import check_format
from assaymark.host.provenance import describe
from assaymark.host.registry import Registered, call_guarded, load_fitted, load_registry
from assaymark.pipeline.running import fit
from assaymark.pipeline.running import sample as sample_batches
from assaymark.pipeline.staging import refuse_existing, staged_folder, write_file
from assaymark.pipeline.steps import step
from assaymark.tables.atomic import refuse_existing as refuse_existing_file
from assaymark.tables.labels import canonical
from assaymark.tables.loading import load_real
from assaymark.tables.roles import refuse_free_text
from assaymark.tables.writing import write_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from assaymark.execution import Run
    from assaymark.host.specs import Fitted, GeneratorSpec
    from assaymark.pipeline.requests import GenerateRequest, TableFormat
    from assaymark.tables.table import Table

MODEL_SCHEMA = "assaymark-model/1"
MODEL_FILE = "model.json"
_SIZE_LIMIT = 1024 * 1024


def generate(request: GenerateRequest, run: Run) -> int:
    """Fit a generator and write synthetic rows; return how many.

    Raises:
        AssaymarkError: When an input, the generator or an output cannot be used; nothing half-written is left.
    """
    registry = load_registry()
    registered = registry.generator(request.generator)
    kind = _format(request.out)
    refuse_existing_file(request.out, overwrite=request.force)
    if request.save_model is not None:
        _refuse_model(request.save_model, force=request.force)
    refuse_conditions(registered, request.where)
    loaded = load_real(request.real, request.tables, request.roles)
    refuse_free_text(loaded.schema)
    refuse_unseen(loaded.table, request.where)
    fitted = fit(registered, request.config, loaded.table, step(run, f"fit {registered.spec.name}"))
    if request.save_model is not None:
        save_model(fitted, registered, request.config, request.save_model, run)
    rows = loaded.rows if request.rows is None else request.rows
    batches = sample_batches(registered, fitted, rows, step(run, f"sample {registered.spec.name}"), request.where or None)
    return write_table(batches, request.out, kind, overwrite=request.force, sidecar=f"{request.out.name}.c2pa")


def sample(model: Path, rows: int, out: Path, run: Run, *, force: bool, where: Mapping[str, Any] | None = None) -> int:
    """Sample a saved model; return how many rows were written.

    Raises:
        ModelFolderError: When the folder is no saved model.
        PluginNotFoundError: When its generator is not installed.
    """
    kind = _format(out)
    refuse_existing_file(out, overwrite=force)
    registered, fitted = load_model(model)
    refuse_conditions(registered, where)
    told = step(run, f"sample {registered.spec.name}")
    batches = sample_batches(registered, fitted, rows, told, where)
    return write_table(batches, out, kind, overwrite=force, sidecar=f"{out.name}.c2pa")


def refuse_conditions(registered: Registered[GeneratorSpec], where: Mapping[str, Any] | None) -> None:
    """Refuse conditions where the generator takes none.

    Raises:
        ConditionError: When it does not.
    """
    if where and not registered.spec.capabilities.conditional:
        raise ConditionError(
            f"the generator {registered.spec.name} takes no conditions",
            where="--where",
            found=", ".join(where),
            remedy="Use another generator; `assaymark plugins show NAME` tells which take conditions.",
        )


def refuse_unseen(table: Table, where: Mapping[str, Any]) -> None:
    """Refuse conditions on columns or values that a table does not have, before the time of a fit is spent.

    Raises:
        ConditionError: When there is one.
    """
    for name, value in where.items():
        if name not in table.names:
            raise ConditionError(
                "a condition names an unknown column",
                where=name,
                expected="one of " + ", ".join(table.names[:30]),
                remedy="Correct the name.",
            )
        if is_scaled(table.schema[name]):
            _refuse_far(table, name, value)
            continue
        codes, labels = table.labels(name)
        if canonical(value) in labels:
            continue
        held = np.bincount(codes[codes >= 0], minlength=len(labels))
        common = [label for label, count in zip(labels, held.tolist(), strict=True) if count >= COMMON]
        raise ConditionError(
            "the column has no such category",
            where=name,
            found=str(value)[:100],
            expected="one of " + ", ".join(common[:30]),
            remedy=f"Name a value that at least {COMMON} rows hold.",
        )


def _refuse_far(table: Table, name: str, value: Any) -> None:
    """Refuse a number or a date with fewer than ten rows on either side of it; ends of the range are not told."""
    number, numbers = as_number(table.schema[name], value), table.numbers(name)
    if min(np.count_nonzero(numbers <= number), np.count_nonzero(numbers >= number)) < COMMON:
        raise no_such(table.schema[name], value, "a value among those of the real rows", COMMON)


def _format(out: Path) -> TableFormat:
    if out.suffix.lower() == ".csv":
        return "csv"
    if out.suffix.lower() == ".parquet":
        return "parquet"
    raise OptionError(
        "the format of the table cannot be told from its name", where=str(out), expected=".csv or .parquet", remedy="Rename it."
    )


def _refuse_model(folder: Path, *, force: bool) -> None:
    if force and (folder / MODEL_FILE).is_file():
        return
    refuse_existing(folder, force=False)


def save_model(
    fitted: Fitted, registered: Registered[GeneratorSpec], config: Mapping[str, Any], folder: Path, run: Run
) -> None:
    """Keep a fitted model in a folder, whole or not at all."""
    document = {
        "schema": MODEL_SCHEMA,
        "assaymark": __version__,
        "generator": {**describe(registered), "config": dict(config), "seed": run.seed},
    }
    with staged_folder(folder, force=True, marker=MODEL_FILE) as stage:
        call_guarded(registered, lambda: fitted.save(stage))
        write_file(stage / MODEL_FILE, (json.dumps(document, indent=2) + "\n").encode())


def load_model(folder: Path) -> tuple[Registered[GeneratorSpec], Fitted]:
    """Read a saved model.

    Raises:
        ModelFolderError: When it is missing, damaged or of another edition.
        PluginNotFoundError: When its generator is not installed.
    """
    try:
        with (folder / MODEL_FILE).open("rb") as file:
            document = json.loads(file.read(_SIZE_LIMIT))
        name, schema = str(document["generator"]["name"]), document["schema"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelFolderError(
            "the folder is no saved model",
            where=str(folder / MODEL_FILE),
            found=f"{type(error).__name__}: {error}"[:200],
            remedy="Name a folder that `assaymark generate --save-model` made.",
        ) from error
    check_format(schema, MODEL_SCHEMA, str(folder))
    registered = load_registry().generator(name)
    return registered, load_fitted(registered, folder)
