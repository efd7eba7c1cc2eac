"""Options that several commands share, and what they come to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import click

from assaymark.cli.configuration import check_keys, common_keys
from assaymark.errors import ConditionError, OptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from assaymark.pipeline.requests import TrustRequest
    from assaymark.tables.loading import TableOptions
    from assaymark.tables.roles import RoleOptions

    Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

PATH = click.Path(path_type=Path)
_MOST_TERMS = 2000


class Command(click.Command):
    """A command whose table in ``assaymark.toml`` may hold its options and nothing else."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Check the configured keys, then parse."""
        if ctx.default_map and ctx.parent is not None:
            above = common_keys(ctx.parent.params.get("config"))
            names = [str(parameter.name) for parameter in self.params]
            check_keys(str(ctx.info_name), ctx.default_map, names, above)
        return super().parse_args(ctx, args)


def _stack(*decorators: Decorator) -> Decorator:
    def apply(function: Callable[..., Any]) -> Callable[..., Any]:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return apply


def _many(flag: str, text: str, metavar: str = "COL") -> Decorator:
    return click.option(flag, multiple=True, metavar=metavar, help=text)


def table_options() -> Decorator:
    """Options on how files are read."""
    return _stack(
        click.option("--schema", type=PATH, metavar="FILE", help="TOML that corrects the inferred kinds and roles."),
        _many("--drop", "Leave a column out. Repeatable."),
        _many("--null", "Text that reads as missing; replaces the usual list (empty, ?, NA, NaN, null). Repeatable.", "TEXT"),
    )


def special_column_options() -> Decorator:
    """Options on columns that any command may need."""
    return _stack(
        _many("--protected", "Protected column. Repeatable."),
        _many("--strata", "Column within whose values groups are compared, too. Repeatable."),
        _many(
            "--secret",
            "Column that an attacker would want to infer; its inference is gated. Default: the target, shown. Repeatable.",
        ),
        _many("--identifier", "Column that names rows; comes out fresh. Repeatable."),
        _many("--bins", "Groups of a numeric column, as in age=25,45,65. Repeatable.", "COL=EDGES"),
        _many("--order", "Order of a categorical column, lowest first, as in 'risk=low<mid<high'. Repeatable.", "COL=A<B<…"),
    )


def role_options(*, required: bool) -> Decorator:
    """Options on target, positive outcome and protected columns."""
    return _stack(
        click.option("--target", metavar="COL", required=required, help="Outcome column."),
        click.option("--positive", metavar="VALUE", help="Value of the target that counts as positive, such as '>50K' or 1."),
        click.option("--positive-above", metavar="N|median", help="For a numeric target: values above this are positive."),
        special_column_options(),
    )


def run_options() -> Decorator:
    """Options of commands that compute."""
    return _stack(
        click.option(
            "--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True, help="Seed of everything random."
        ),
        click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else."),
        click.option("--quiet", is_flag=True, help="No progress."),
        click.option("--force", is_flag=True, help="Replace an earlier file, or an earlier release folder."),
    )


class Duration(click.ParamType):  # type: ignore[type-arg]  # generic in recent versions only
    """A time such as ``90``, ``120s``, ``5m`` or ``1h``, in seconds."""

    name = "TIME"
    _UNITS: ClassVar = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the seconds of a text."""
        text = str(value).strip().lower()
        unit = text[-1:] if text[-1:] in {"s", "m", "h"} else ""
        try:
            seconds = float(text.removesuffix(unit)) * self._UNITS[unit]
        except ValueError:
            seconds = 0.0
        if not 0 < seconds < float("inf"):
            self.fail(f"{value!r} is no time such as 120s, 5m or 1h", param, ctx)
        return seconds


def device_option() -> Decorator:
    """Option on where networks are computed."""
    return click.option(
        "--device",
        type=click.Choice(["auto", "cpu", "cuda"]),
        default="auto",
        show_default=True,
        help="Where networks are computed; auto takes a GPU where there is one.",
    )


def fit_options() -> Decorator:
    """Options of commands that fit generators."""
    return _stack(
        click.option("--budget", type=Duration(), help="Time that a fit should keep within, such as 120s or 5m."),
        device_option(),
        click.option(
            "--checkpoint",
            type=PATH,
            metavar="DIR",
            help="Keep checkpoints here; a fit that was cut off goes on from the last.",
        ),
    )


def resources(values: dict[str, Any]) -> dict[str, Any]:
    """Return what :func:`fit_options` come to, as fields of a run."""
    return {"budget": values["budget"], "device": values["device"], "workdir": values["checkpoint"]}


def where_option() -> Decorator:
    """Option on conditions."""
    return _many("--where", "Only rows like this. Repeatable.", "COL=VALUE")


def conditions(values: Sequence[str]) -> dict[str, str]:
    """Return COL=VALUE texts as a mapping.

    Raises:
        OptionError: When one is malformed.
        ConditionError: When two ask for different values of one column.
    """
    found: dict[str, str] = {}
    for value in values:
        column, mark, wanted = value.partition("=")
        if not mark or not column:
            raise OptionError(
                "the option cannot be read", where="--where", found=repr(value), expected="COL=VALUE", remedy="Correct it."
            )
        if found.setdefault(column, wanted) != wanted:
            raise ConditionError(
                "the conditions contradict each other",
                where=f"--where {column}",
                found=f"{found[column]} and {wanted}",
                remedy="Ask for one value of a column.",
            )
    return found


def audit_options() -> Decorator:
    """Options of commands that audit."""
    return _stack(
        click.option("--holdout", type=PATH, metavar="FILE", help="Real rows that the generator never saw."),
        _many("--rename", "Header of SYNTHETIC or HOLDOUT to header of REAL. Repeatable.", "OLD=NEW"),
        _many(
            "--reference",
            "Group that the other groups of COL are compared with; the largest otherwise. Repeatable.",
            "COL=GROUP",
        ),
        _many("--also", "Render the release in this format, too: in-toto, cyclonedx, prov, markdown. Repeatable.", "FORMAT"),
        click.option("--policy", type=PATH, metavar="FILE", help="Margins and gates; a default policy otherwise."),
        click.option(
            "--policy-proof", type=PATH, metavar="FILE", help="What `policy commit` wrote: proves when the policy was fixed."
        ),
        signing_options(),
    )


def log_options() -> Decorator:
    """Options on the transparency log."""
    return _stack(
        click.option(
            "--log", type=PATH, metavar="FILE", help="Transparency log; ASSAYMARK_LOG, or one beside the keys, otherwise."
        ),
        click.option("--no-log", is_flag=True, help="Do not log the stamp."),
    )


def chosen_log(values: dict[str, Any]) -> Path | None:
    """Return the log that stamps go to, or None.

    Raises:
        OptionError: When a log is named and refused at once.
    """
    from assaymark.provenance.transparency.storage import log_path

    if values["no_log"] and values["log"]:
        raise OptionError("give either --log or --no-log", remedy="Leave one of them out.")
    return None if values["no_log"] else log_path(values["log"])


def origin_options() -> Decorator:
    """Options on what a release follows, and on what may be done with it."""
    return _stack(
        click.option(
            "--parent", type=PATH, metavar="DIR|FILE", help="Release that this one follows: its folder, or release.json in it."
        ),
        trust_options(),
        mining_options(),
    )


def mining_options() -> Decorator:
    """Options on what may be done with a stamped file."""
    return _stack(
        click.option(
            "--training-mining",
            type=click.Choice(["allowed", "notAllowed", "constrained"]),
            help="Say in the stamp whether models may be trained on it and data mined from it.",
        ),
        click.option("--training-mining-terms", metavar="TEXT", help="The conditions, where that is constrained."),
    )


def mining(values: dict[str, Any]) -> dict[str, Any] | None:
    """Return what :func:`mining_options` come to.

    Raises:
        OptionError: When terms are missing, empty, too long, or given where nothing is constrained.
    """
    from assaymark.provenance.definitions import training_mining

    use, terms = values["training_mining"], values["training_mining_terms"]
    if (use == "constrained") != bool(terms and terms.strip()) or len(terms or "") > _MOST_TERMS:
        raise OptionError(
            "conditions go with 'constrained', and only with that",
            where="--training-mining-terms",
            found="none" if terms is None else repr(terms[:100]),
            expected=f"a text of at most {_MOST_TERMS} characters beside --training-mining constrained",
            remedy="Name the conditions, or leave them out.",
        )
    return None if use is None else training_mining(use, terms)


def scope_text(scope: dict[str, Any]) -> str:
    """Return the scope of a finding in a few words."""
    told = (value for key, value in scope.items() if key not in {"target", "positive"} and value is not None)
    return ", ".join(" x ".join(map(str, value)) if isinstance(value, list) else str(value) for value in told)


def signing_options() -> Decorator:
    """Options of commands that stamp."""
    return _stack(
        click.option("--signer", default="development", show_default=True, help="Signer, whose certificate the stamps name."),
        timestamp_options(),
    )


def timestamp_options() -> Decorator:
    """Options on the time of stamps."""
    return _stack(
        click.option(
            "--timestamp",
            metavar="URL",
            envvar="ASSAYMARK_TIMESTAMP_URL",
            show_envvar=True,
            help="RFC 3161 time-stamp authority, which proves when the stamps were made.",
        ),
        click.option("--no-timestamp", is_flag=True, help="No time stamps, whatever is configured."),
    )


def trust_options() -> Decorator:
    """Options on whose signatures and clocks count, on whom others trust, and on who counts no longer."""
    return _stack(
        _many("--trust-anchor", "Root certificate to trust. Repeatable.", "PEM"),
        _many("--timestamp-anchor", "Root certificate that vouches for time-stamp authorities. Repeatable.", "PEM"),
        click.option(
            "--c2pa-trust-list", metavar="FILE|config", help="Trust the C2PA trust list, too; config: in the trust folder."
        ),
        _many("--revoked", "CRL, or list of serial numbers or fingerprints, that count no longer. Repeatable.", "FILE"),
    )


def untrusted_option() -> Decorator:
    """Option to do without a known signer."""
    return click.option("--allow-untrusted", is_flag=True, help="Accept what is intact but signed by somebody unknown.")


def trust(values: Mapping[str, Any]) -> TrustRequest:
    """Return what :func:`trust_options` come to."""
    from assaymark.pipeline.requests import TrustRequest

    files = (tuple(map(Path, values[name])) for name in ("trust_anchor", "timestamp_anchor", "revoked"))
    anchors, clocks, revoked = files
    return TrustRequest(anchors, clocks, values["c2pa_trust_list"], revoked)


def release_fields(values: dict[str, Any]) -> dict[str, Any]:
    """Return what :func:`audit_options`, :func:`origin_options` and :func:`log_options` come to, as fields of a request."""
    alike = ("holdout", "policy", "force", "signer", "also", "policy_proof", "parent")
    return {
        **{name: values[name] for name in alike},
        "rename": pairs(values["rename"], "--rename"),
        "log": chosen_log(values),
        "timestamp": timestamp(values),
        "trust": trust(values),
        "mining": mining(values),
    }


def timestamp(values: Mapping[str, Any]) -> str | None:
    """Return the address of the time-stamp authority; None for no time stamps."""
    return None if values["no_timestamp"] else values["timestamp"] or None


def pairs(values: Sequence[str], option: str, expected: str = "OLD=NEW, each OLD once") -> dict[str, str]:
    """Return OLD=NEW texts as a mapping.

    Raises:
        OptionError: When one is malformed or names an OLD twice.
    """
    found: dict[str, str] = {}
    for value in values:
        old, mark, new = value.partition("=")
        if not mark or not old or not new or old in found:
            raise OptionError(
                "the option cannot be read",
                where=option,
                found=repr(value),
                expected=expected,
                remedy="Correct it.",
            )
        found[old] = new
    return found


def make_table_options(values: dict[str, Any]) -> TableOptions:
    """Return the table options of a command's parameters."""
    from assaymark.tables.loading import TableOptions
    from assaymark.tables.reading import DEFAULT_NULLS

    nulls = tuple(values["null"]) or DEFAULT_NULLS
    return TableOptions(schema_file=values["schema"], nulls=nulls, drop=tuple(values["drop"]))


def make_role_options(values: dict[str, Any]) -> RoleOptions:
    """Return the role options of a command's parameters."""
    from assaymark.tables.orders import parse_order
    from assaymark.tables.roles import RoleOptions, parse_bins

    return RoleOptions(
        target=values.get("target"),
        positive=values.get("positive"),
        positive_above=values.get("positive_above"),
        protected=tuple(values["protected"]),
        strata=tuple(values["strata"]),
        secret=tuple(values["secret"]),
        identifier=tuple(values["identifier"]),
        bins=dict(parse_bins(text) for text in values["bins"]),
        references=pairs(values.get("reference", ()), "--reference", "COL=GROUP, each COL once"),
        order=dict(parse_order(text) for text in values["order"]),
    )


def require_outcome(values: dict[str, Any]) -> None:
    """Demand exactly one of ``--positive`` and ``--positive-above``, and a protected column.

    Raises:
        OptionError: When that does not hold and no schema file could say it.
    """
    if values["positive"] and values["positive_above"]:
        raise OptionError("give either --positive or --positive-above", remedy="Leave one of them out.")
    if values["schema"] is not None:
        return
    if not values["positive"] and not values["positive_above"]:
        raise OptionError(
            "the positive outcome is missing", where="--positive", remedy="Name a value of the target, or use --positive-above."
        )
    if not values["protected"]:
        raise OptionError("an audit needs a protected column", where="--protected", remedy="Name at least one.")
