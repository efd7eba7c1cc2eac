"""What the pipeline is asked for, and what it answers: plain values, nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from assaymark.results.findings import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from assaymark.tables.loading import TableOptions
    from assaymark.tables.roles import RoleOptions

TableFormat = Literal["csv", "parquet"]


@dataclass(frozen=True, slots=True)
class TrustRequest:
    """Whom to trust, beside this machine's own development root and the configuration folder.

    Attributes:
        anchors: PEM files of roots that vouch for signers and for time-stamp authorities.
        clocks: PEM files of roots that vouch for time-stamp authorities only.
        c2pa: The C2PA trust list, a PEM file; ``config`` for the one in the configuration folder; None for none.
        revoked: Lists of revoked certificates.
    """

    anchors: tuple[Path, ...] = ()
    clocks: tuple[Path, ...] = ()
    c2pa: str | None = None
    revoked: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRequest:
    """What an audit and a run are asked for alike.

    Attributes:
        holdout: File of real rows to audit with, which the generator never saw; None for none, or for a run to split one off.
        rename: Headers of ``holdout``, or of an audit's synthetic file, to headers of ``real``.
        policy: Policy file; None for the default policy.
        force: Whether an earlier release in ``out`` may be replaced.
        signer: Name of the signer that stamps the release.
        log: Transparency log that the release goes into; None to log nothing.
        timestamp: Address of a time-stamp authority; None for no time stamps.
        policy_proof: File that proves when the policy was fixed; None for none.
        parent: Folder, or ``release.json``, of the release that this one follows; None without one.
        trust: Whom to trust, for the parent.
        mining: What may be done with the table, as ``cawg.training-mining`` says it; None to say nothing.
        also: Names of further formats to render the audit in.
    """

    holdout: Path | None = None
    rename: Mapping[str, str] = field(default_factory=dict)
    policy: Path | None = None
    force: bool = False
    signer: str = "development"
    log: Path | None = None
    timestamp: str | None = None
    policy_proof: Path | None = None
    parent: Path | None = None
    trust: TrustRequest = TrustRequest()
    mining: Mapping[str, Any] | None = None
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AuditRequest(ReleaseRequest):
    """Audit an existing synthetic table against the real one.

    Attributes:
        real: File of real rows.
        synthetic: File of synthetic rows.
        roles: Target, positive outcome, protected and other special columns.
        tables: How files are read.
        out: Release folder to write; None to only print.
    """

    real: Path
    synthetic: Path
    roles: RoleOptions
    tables: TableOptions
    out: Path | None = None


@dataclass(frozen=True, slots=True)
class RunRequest(ReleaseRequest):
    """Generate, audit and stamp.

    Attributes:
        real: File of real rows.
        roles: Target, positive outcome, protected and other special columns.
        tables: How files are read.
        out: Release folder; with several generators each gets a subfolder of its name.
        generators: Names of the generators.
        configs: Generator configurations by generator name.
        rows: Synthetic rows; None for as many as ``real`` has.
        samples: How many times each generator is sampled, at least 1: the first sample is released, the others are counted.
        format: Format of the synthetic table.
        deep: Whether the generator is attacked by fitting it again and again.
        shadows: How many times it is fitted for that.
    """

    real: Path
    roles: RoleOptions
    tables: TableOptions
    out: Path
    generators: tuple[str, ...] = ("copula",)
    configs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    rows: int | None = None
    samples: int = 5
    format: TableFormat = "csv"
    deep: bool = False
    shadows: int = 16


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    """Fit a generator and sample it, without an audit.

    Attributes:
        real: File of real rows.
        generator: Name of the generator.
        rows: Synthetic rows; None for as many as ``real`` has.
        out: File to write; its suffix decides the format.
        roles: Special columns; the target may be absent.
        tables: How the file is read.
        config: Generator configuration.
        save_model: Folder to keep the fitted model in; None not to keep it.
        where: Columns and the value that every synthetic row has in them.
        force: Whether earlier output may be replaced.
    """

    real: Path
    generator: str
    rows: int | None
    out: Path
    roles: RoleOptions
    tables: TableOptions
    config: Mapping[str, Any] = field(default_factory=dict)
    save_model: Path | None = None
    where: Mapping[str, Any] = field(default_factory=dict)
    force: bool = False


@dataclass(frozen=True, slots=True)
class AuditResult:
    """What an audit came to.

    Attributes:
        name: Generator name, or the file name of the synthetic table.
        document: The parsed ``audit.json``.
        cubes: The parsed ``cubes.json``.
        verdict: What it comes to.
        release: Folder that was written, if any.
        messages: What the user should know, one sentence each.
    """

    name: str
    document: Mapping[str, Any]
    cubes: Mapping[str, Any]
    verdict: Verdict
    release: Path | None = None
    messages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run came to, one audit a generator; ``ranking`` lists their names, best first."""

    audits: tuple[AuditResult, ...]
    ranking: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of all."""
        order = (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS)
        return min((audit.verdict for audit in self.audits), key=order.index)


@dataclass(frozen=True, slots=True)
class VerifyRequest:
    """Verify a release folder or one stamped file.

    Attributes:
        path: Folder or file.
        trust: Whom to trust.
        allow_untrusted: Accept an intact release whose signer is not anchored.
        require_pass: Demand that the audit's verdict is ``pass`` too.
        accept_waivers: Where a pass is demanded, let gates through that a trusted waiver names.
        independent: Read manifests by our own reader instead of the C2PA library.
        sources: Files of real rows at hand, by dataset (``real``, ``holdout``): rehashed and counted again.
        disclosure: File of salts, or a proof, that opens their commitments; None for the one beside the release.
        rename: Headers of the holdout's file to headers of real, where they differ.
        parent: Folder, or ``release.json``, of the release that this one is said to follow; None not to check that.
    """

    path: Path
    trust: TrustRequest = TrustRequest()
    allow_untrusted: bool = False
    require_pass: bool = False
    accept_waivers: bool = False
    independent: bool = False
    sources: Mapping[str, Path] = field(default_factory=dict)
    disclosure: Path | None = None
    rename: Mapping[str, str] = field(default_factory=dict)
    parent: Path | None = None


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """What verification found.

    Attributes:
        ok: Whether it is intact, trusted (or that was waived) and recomputed.
        problems: What is wrong: JSON-ready ``file``, ``code``, ``message`` each.
        trusted: Whether the signer's chain ends in a trust anchor.
        signer: Who signed; says so when it is a development certificate.
        verdict: Verdict of the audit in the release; None for a single file.
        recomputed: Ids of findings that were computed again from the cubes and agreed, with counts.
        signed_only: Ids of findings that are signed but cannot be recomputed without the raw data, with counts.
        files: Number of files that were checked.
        sources: By dataset, what the files of real rows at hand showed: ``committed`` (the file is the one committed to) and
            ``counted`` (its published counts follow from it), empty for a holdout that was not named; empty when none was.
        parent: What the release says of the one that it follows; None when it follows none.
        parent_checked: Whether that release was at hand, verified, and found to differ as is said.
        mining: What may be done with the release, as ``cawg.training-mining`` says; None when nothing is said.
        statements: ``intact``, ``trusted_signer``, ``recomputed`` and ``policy_met``: an ``answer`` (``yes``, ``no`` or
            ``not_checked``) and a ``sentence`` for each.
        time_stamp: When it was signed, by whose clock, and whether that is trusted; None without a time stamp.
        log: What the transparency log says of it, as ``state`` (``logged``, ``late``, ``withdrawn``, ``unproven`` or
            ``unreadable``), ``entry`` and ``sentence``; None when nothing is known.
        policy_order: Whether the policy was fixed before the audit: ``order`` (``proven``, ``claimed`` or ``contradicted``),
            ``time``, ``authority`` and a ``sentence``; None for a single file.
        certificate: The signer's certificate, the root that vouches for it, and warnings; None when it could not be read.
        approvals: People's signed approvals and waivers, JSON-ready; the audit's verdict stays what it is.
        gates_left: Failed and undecided gates that no trusted waiver names; None for a single file, or where that is not known.
    """

    ok: bool
    problems: tuple[Mapping[str, str], ...]
    trusted: bool
    signer: str
    verdict: Verdict | None = None
    recomputed: Mapping[str, int] = field(default_factory=dict)
    signed_only: Mapping[str, int] = field(default_factory=dict)
    files: int = 0
    sources: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)
    parent: Mapping[str, Any] | None = None
    parent_checked: bool = False
    mining: Mapping[str, Any] | None = None
    statements: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    time_stamp: Mapping[str, Any] | None = None
    certificate: Mapping[str, Any] | None = None
    approvals: tuple[Mapping[str, Any], ...] = ()
    gates_left: int | None = None
    log: Mapping[str, Any] | None = None
    policy_order: Mapping[str, Any] | None = None
