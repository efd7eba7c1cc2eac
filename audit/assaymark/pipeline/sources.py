"""The tables of an audit, loaded and committed to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from assaymark.errors import TooFewRowsError
from assaymark.pipeline.document import RealData
from assaymark.provenance.commitment import commit
from assaymark.tables.loading import LoadedTable, TableOptions, load_like, load_real
from assaymark.tables.schema import Role
from assaymark.tables.splitting import split_holdout

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from assaymark.execution import Run
    from assaymark.tables.roles import RoleOptions
    from assaymark.tables.schema import Schema
    from assaymark.tables.table import Table

HOLDOUT_SHARE = 0.2
_FEWEST_ROWS = 10


@dataclass(frozen=True, slots=True)
class Sources:
    """Real rows, ready for an audit.

    Attributes:
        real: Rows that a generator learns from, or that a synthetic table claims to stand for.
        holdout: Rows that it never sees; None when there are none.
        schema: Kinds and roles of the columns of both.
        real_data: What may be said of ``real``.
        holdout_data: What may be said of ``holdout``.
        split: How the holdout was split off; None when it was not.
        disclosure: Salts that open the commitments, for whoever holds the raw files.
        protected: Protected columns, in the order in which they were named.
        notes: What was dropped or read in an unexpected way.
        references: Reference group by protected column, where one was named.
    """

    real: Table
    holdout: Table | None
    schema: Schema
    real_data: RealData
    holdout_data: RealData | None
    split: Mapping[str, Any] | None
    disclosure: Mapping[str, Any]
    protected: tuple[str, ...]
    notes: tuple[str, ...] = ()
    references: Mapping[str, str] = field(default_factory=dict)


def load_sources(
    real: Path, holdout: Path | None, roles: RoleOptions, tables: TableOptions, rename: Mapping[str, str]
) -> Sources:
    """Load real rows and a given holdout; nothing is split."""
    first = load_real(real, tables, roles)
    second = None if holdout is None else load_like(holdout, first.schema, tables, rename=rename, name="holdout")
    return _sources(first, first.table, None if second is None else second.table, second, None, roles)


def split_sources(real: Path, roles: RoleOptions, tables: TableOptions, run: Run) -> Sources:
    """Load real rows and split a simple random fifth off as holdout, before anything learns from them.

    Raises:
        TooFewRowsError: When there are too few rows to split.
    """
    loaded = load_real(real, tables, roles)
    if loaded.table.rows < _FEWEST_ROWS:
        raise TooFewRowsError(
            "the table has too few rows to split a holdout off",
            where=str(real),
            found=f"{loaded.table.rows} rows",
            expected=f"at least {_FEWEST_ROWS}",
            remedy="Use more rows.",
        )
    train, holdout = split_holdout(loaded.table, HOLDOUT_SHARE, run.rng("holdout"))
    split = {"share": HOLDOUT_SHARE, "method": "simple random", "seed": run.seed}
    return _sources(loaded, train, holdout, None, split, roles)


def _sources(
    loaded: LoadedTable,
    real: Table,
    holdout: Table | None,
    holdout_file: LoadedTable | None,
    split: Mapping[str, Any] | None,
    roles: RoleOptions,
) -> Sources:
    commitment, salt = commit(loaded.sha256)
    disclosure: dict[str, Any] = {"real": {"commitment": commitment, "salt": salt}}
    notes = [f"dropped from the audit: {name}" for name in loaded.dropped] + list(loaded.notes)
    held = None
    if holdout is not None:
        digest = loaded.sha256 if holdout_file is None else holdout_file.sha256
        other, other_salt = commit(digest)
        disclosure["holdout"] = {"commitment": other, "salt": other_salt}
        held = RealData(holdout.rows, len(holdout.schema), other)
        notes += [] if holdout_file is None else list(holdout_file.notes)
    data = RealData(real.rows, len(real.schema), commitment)
    named = {column.name for column in loaded.schema.with_role(Role.PROTECTED)}
    protected = tuple(dict.fromkeys([*(name for name in roles.protected if name in named), *sorted(named)]))
    references = dict(roles.references)
    return Sources(real, holdout, loaded.schema, data, held, split, disclosure, protected, tuple(notes), references)


def load_synthetic(path: Path, sources: Sources, tables: TableOptions, rename: Mapping[str, str]) -> LoadedTable:
    """Load the table under audit into the schema of real."""
    return load_like(path, sources.schema, tables, rename=rename, name="synthetic")
