"""Hold the real data itself, where it is at hand, against a release: its commitment, and every published count of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.cubes.class_counting import count_class_cubes
from assaymark.cubes.class_publishing import class_room, with_classes
from assaymark.cubes.document import read_cubes
from assaymark.cubes.fine import count_cube
from assaymark.cubes.publishing import publish
from assaymark.errors import CommitmentError, InputError, OptionError, ReleaseError
from assaymark.execution import Run
from assaymark.pipeline.disclosing import commitment_in, read_audit
from assaymark.pipeline.recomputing import release_schema
from assaymark.pipeline.releasing import CUBES_FILE, POLICY_FILE
from assaymark.policy.loading import parse_policy
from assaymark.provenance.disclosure import disclosure_of, read_salts, source_digest
from assaymark.provenance.strict_json import loads_strict
from assaymark.tables.loading import TableOptions, load_like
from assaymark.tables.schema import Role, Schema
from assaymark.tables.splitting import split_holdout

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from assaymark.cubes.published import GroupTable, PublishedCubes, ScopeCubes
    from assaymark.policy.model import Policy
    from assaymark.tables.table import Table

_SIZE_LIMIT = 256 * 2**20


@dataclass(frozen=True, slots=True)
class SourceCheck:
    """What the files of real rows showed.

    Attributes:
        problems: (file, code, message) for each disagreement.
        told: By dataset, ``committed``, whether the file is the one committed to, and ``counted``, whether its published
            counts follow from it; empty for a holdout whose file was not named.
    """

    problems: tuple[tuple[str, str, str], ...]
    told: Mapping[str, Mapping[str, bool]]


def check_sources(
    folder: Path, files: Mapping[str, Path], disclosure: Path | None, rename: Mapping[str, str] | None = None
) -> SourceCheck:
    """Hold files of real rows against a release that has been verified otherwise.

    Args:
        folder: The release.
        files: File by dataset, ``real`` and perhaps ``holdout``.
        disclosure: File of salts, or a proof; None for the one beside the release.
        rename: Headers of the holdout's file to headers of real; None for those that the release records.

    Raises:
        OptionError: When the holdout is named without the real data, by which its columns are read.
        DisclosureError: When the salts cannot be used.
        InputError: When the holdout's file cannot be read as the real data was, as when its headers differ.
    """
    if "real" not in files:
        raise OptionError("the holdout is read as the real data was", where="--holdout", remedy="Name --real as well.")
    audit, salts = read_audit(folder), read_salts(disclosure or disclosure_of(folder))
    if audit["method"]["split"] is not None and "holdout" in salts.entries:
        files = {"holdout": files["real"], **files}  # it was split off, so one file is both
    digests = {name: source_digest(path) for name, path in files.items()}
    problems: list[tuple[str, str, str]] = []
    committed: dict[str, bool] = {}
    for name, digest in digests.items():
        try:
            salts.check(name, commitment_in(audit, name), digest)
        except CommitmentError as error:
            problems.append((str(files[name]), "not_the_source", error.what))
        committed[name] = not any(file == str(files[name]) for file, _, _ in problems)
    if not problems:
        problems = _count(folder, audit, files, digests, rename)
    told = {name: {"committed": committed[name], "counted": not problems} for name in sorted(files, reverse=True)}
    if audit["datasets"]["holdout"] is not None and "holdout" not in files:
        told["holdout"] = {"counted": not problems} if audit["method"]["split"] is not None else {}
    return SourceCheck(tuple(problems), told)


def _count(
    folder: Path,
    audit: Mapping[str, Any],
    files: Mapping[str, Path],
    digests: Mapping[str, str],
    rename: Mapping[str, str] | None,
) -> list[tuple[str, str, str]]:
    try:
        return list(_Counted(folder, audit, files, digests, rename).problems())
    except CommitmentError as error:
        return [(str(error.where), "not_the_source", error.what)]
    except ReleaseError as error:
        return [(str(error.where), "not_from_source", error.what)]


class _Counted:
    """The published tables, made again from the files of real rows."""

    def __init__(
        self,
        folder: Path,
        audit: Mapping[str, Any],
        files: Mapping[str, Path],
        digests: Mapping[str, str],
        rename: Mapping[str, str] | None,
    ) -> None:
        self.audit, self.files, self.digests = audit, files, digests
        self.recorded = read_cubes(loads_strict((folder / CUBES_FILE).read_bytes(), max_bytes=_SIZE_LIMIT))
        self.policy = parse_policy((folder / POLICY_FILE).read_bytes(), POLICY_FILE, None)
        self.options = TableOptions(nulls=tuple(audit["datasets"]["synthetic"]["nulls"]))
        self.schema = _with_order(release_schema(audit), self.recorded)
        self.rename = dict(audit["datasets"]["synthetic"]["rename"] if rename is None else rename)
        self.synthetic = self._load(folder / audit["datasets"]["synthetic"]["file"], "synthetic", None)
        self.real, self.holdout = self._real_and_holdout()

    def _load(self, path: Path, name: str, sha256: str | None) -> Table:
        recorded: Mapping[str, str] = self.audit["datasets"]["synthetic"]["rename"]
        rename: Mapping[str, str] = {} if name == "real" else self.rename if name == "holdout" else recorded
        kept = {old: new for old, new in rename.items() if new in self.schema}
        try:
            loaded = load_like(path, self.schema, self.options, rename=kept, name=name)
        except InputError as error:
            if name == "holdout":
                raise  # its headers may differ, which --rename tells
            what = f"it is the source, and yet has not the columns that the release speaks of: {error}"
            raise ReleaseError(what, where=str(path)) from error
        if sha256 is not None and loaded.sha256 != sha256:
            raise CommitmentError("the file changed while it was read", where=str(path))
        return loaded.table

    def _real_and_holdout(self) -> tuple[Table, Table | None]:
        whole = self._load(self.files["real"], "real", self.digests["real"])
        split = self.audit["method"]["split"]
        if split is not None:
            return split_holdout(whole, float(split["share"]), Run(int(split["seed"])).rng("holdout"))
        if "holdout" not in self.files:
            return whole, None
        return whole, self._load(self.files["holdout"], "holdout", self.digests["holdout"])

    def problems(self) -> Iterator[tuple[str, str, str]]:
        """Yield what the release says of real rows and the files do not give."""
        datasets = {"real": self.real, "holdout": self.holdout}
        for name, table in datasets.items():
            stated = self.audit["datasets"][name]
            if table is not None and stated is not None and table.rows != stated["rows"]:
                message = f"it says {stated['rows']} {name} rows; the file gives {table.rows}"
                yield "audit.json", "not_from_source", message
        again = _published(self, self.policy)
        names = [name for name, table in datasets.items() if table is not None]
        for message in _differences(self.recorded, again, names):
            yield CUBES_FILE, "not_from_source", message


def _with_order(schema: Schema, cubes: PublishedCubes) -> Schema:
    """Give the target the order that the tables by class have, where they have one."""
    cells = next((scope.classes.cells for scope in cubes.scopes if scope.classes is not None and scope.classes.ordered), ())
    order = tuple(label for cell in cells for label in cell)
    columns = (replace(column, order=order) if Role.TARGET in column.roles and order else column for column in schema)
    return replace(schema, columns=tuple(columns))


def _published(counted: _Counted, policy: Policy) -> PublishedCubes:
    recorded, audit = counted.recorded, counted.audit
    protected, strata = audit["task"]["protected"], audit["task"]["strata"]
    real, holdout, synthetic = counted.real, counted.holdout, counted.synthetic
    within = {name: [*protected, name] for name in strata}
    published = publish(
        fine := count_cube(real, protected),
        count_cube(synthetic, protected),
        None if holdout is None else count_cube(holdout, protected),
        target=recorded.target,
        positive=recorded.positive,
        small_cell=policy.small_cell,
        strata={name: (count_cube(real, columns), count_cube(synthetic, columns)) for name, columns in within.items()},
    )
    # where some rows of the holdout could not be scored, its tables by class are not published
    held = holdout if any(s.classes is not None and s.classes.holdout is not None for s in recorded.scopes) else None
    room = class_room(fine)
    classes = count_class_cubes(real, synthetic, held, protected, room=room, small_cell=policy.small_cell)
    return with_classes(published, classes, policy.small_cell)


def _differences(recorded: PublishedCubes, again: PublishedCubes, names: Iterable[str]) -> Iterator[str]:
    """Yield where published tables of real rows are not those that the files give; no count is told."""
    names = list(names)
    for name in names:
        if recorded.target_missing.get(name) != again.target_missing.get(name):
            yield f"its count of {name} rows without a target does not follow from the file"
    if dict(recorded.withheld) != dict(again.withheld) or dict(recorded.strata_withheld) != dict(again.strata_withheld):
        yield "the tables of real rows that it withholds are not those that have to be withheld"
    pairs = [*_paired(recorded.scopes, again.scopes)]
    if [strata.column for strata in recorded.strata] != [strata.column for strata in again.strata]:
        yield "its strata of real rows are not those of the file"
    for told, found in zip(recorded.strata, again.strata, strict=False):
        pairs += _paired((told.total, *told.inner), (found.total, *found.inner))
    for scope, other in pairs:
        about = ", ".join(scope.protected)
        for name in names:
            if other is None or not _same(getattr(scope, name), getattr(other, name)):
                yield f"its {name} counts of {about} do not follow from the file"
            elif not _same_classes(scope, other, name):
                yield f"its {name} counts of {about} by class do not follow from the file"


def _paired(recorded: tuple[ScopeCubes, ...], again: tuple[ScopeCubes, ...]) -> Iterator[tuple[ScopeCubes, ScopeCubes | None]]:
    by_scope = {scope.protected: scope for scope in again}
    for scope in recorded:
        yield scope, by_scope.get(scope.protected)


def _same(told: GroupTable | None, found: GroupTable | None) -> bool:
    if told is None or found is None:
        return told is None and found is None
    shown = [(table.groups, table.pooled_groups, table.withheld, table.pooled is None) for table in (told, found)]
    return shown[0] == shown[1] and np.array_equal(told.cells, found.cells)


def _same_classes(scope: ScopeCubes, other: ScopeCubes, name: str) -> bool:
    told, found = scope.classes, other.classes
    if told is None or found is None:
        return told is None and found is None
    return (told.cells, told.ordered, told.other, told.reason) == (
        found.cells,
        found.ordered,
        found.other,
        found.reason,
    ) and _same(getattr(told, name), getattr(found, name))
