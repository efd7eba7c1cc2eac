"""What the three attacks of the Article 29 Working Party have in common: tries, and what becomes of them.

Each attack is made three times (Giomi et al., 2023): on the rows that the generator learned, on the holdout (what works there
is no secret of anybody in particular), and blindly. The risk is what the first wins beyond the second; an attack that is no
better than a blind one shows nothing either way.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from assaymark.checks.statements import not_estimable
from assaymark.results.findings import Finding, Outcome
from assaymark.statistics.outcomes import upper_outcome
from assaymark.statistics.residual import Rate, residual_risk, score_rate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assaymark.host.specs import CheckInput

FEWEST_SYNTHETIC = 10
_DECIMALS = 4


@dataclass(frozen=True, slots=True)
class Tries:
    """How often an attack succeeded.

    Attributes:
        successes: Out of ``tries``; an expected number need not be whole.
        tries: At least 1.
    """

    successes: float
    tries: int

    @property
    def share(self) -> float:
        """Share of the tries that succeeded."""
        return self.successes / self.tries

    def blurred(self, small_cell: int) -> Tries:
        """Return the same tries, but with fewer than ``small_cell`` successes or failures, if not none, taken as half that.

        A success is about one real row. Everything that is published follows from what this returns, so that no figure gives
        away a smaller count.
        """
        for few, rest in ((self.successes, False), (self.tries - self.successes, True)):
            if 0 < few < small_cell:
                half = min(small_cell / 2, self.tries / 2)
                return Tries(self.tries - half if rest else half, self.tries)
        return self


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack, made three times.

    Attributes:
        real: Tries on the rows that the generator learned.
        control: Tries on the holdout.
        blind: Tries without looking at synthetic rows, or what is expected of them.
        detail: What else to tell.
    """

    real: Tries
    control: Tries
    blind: Tries
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Risk:
    """What an attack comes to, fit to be published.

    Attributes:
        value: Excess of success on real over that on fresh rows, as a share of what the latter leaves; within [-1, 1].
        ends: Interval of ``value``.
        null: What luck alone gives, at least 0.
        control: Success rate on fresh rows; None where it is withheld.
        rate: Success rate on the learned rows; None where it is withheld.
        guessing: Success rate of the blind attack.
        succeeds: Whether the attack does better than the blind one.
    """

    value: float
    ends: tuple[float, float]
    null: float
    control: float | None
    rate: float | None
    guessing: float
    succeeds: bool


def obstacle(data: CheckInput) -> str | None:
    """Return why no attack can be measured, or None."""
    if data.holdout is None:
        return "no_holdout"
    if data.privacy_disabled is not None:
        return data.privacy_disabled
    if not data.schema.learnable:
        return "no_columns"
    if data.synthetic.rows < FEWEST_SYNTHETIC:
        return "too_few_synthetic_rows"
    if min(data.real.rows, data.holdout.rows) < data.policy.min_group_size:
        return "too_few_rows"
    return None


def hindered(identifier: str, data: CheckInput, reason: str, scope: Mapping[str, Any] | None = None) -> Finding:
    """Return the finding of an attack that could not be measured."""
    return not_estimable(identifier, scope or {}, reason, n=_rows(data))


def risk_finding(
    identifier: str, attack: Attack, data: CheckInput, *, scope: Mapping[str, Any] | None = None, judged: bool = True
) -> Finding:
    """Return what an attack on single rows comes to; its tries on real and on the holdout are independent."""
    real, control, blind = (tries.blurred(data.policy.small_cell) for tries in (attack.real, attack.control, attack.blind))
    on_real, on_holdout = (score_rate(tries.successes, tries.tries, data.policy.level) for tries in (real, control))
    value, ends = residual_risk(on_real, on_holdout)
    _, (_, null) = residual_risk(Rate(on_holdout.value, on_real.error), on_holdout)
    risk = Risk(value, ends, null, control.share, real.share, blind.share, real.share > blind.share)
    detail = {
        "attacks": {"real": real.tries, "holdout": control.tries},
        "real_is": "success rate of the attack on the holdout",
        "synthetic_is": "success rate of the attack on the rows that the generator learned",
        "interval": "Wilson, propagated",
        **attack.detail,
    }
    return statement(identifier, risk, data, detail, scope=scope, judged=judged)


def statement(
    identifier: str,
    risk: Risk,
    data: CheckInput,
    detail: Mapping[str, Any],
    *,
    scope: Mapping[str, Any] | None = None,
    judged: bool = True,
) -> Finding:
    """Return the finding of an attack.

    An attack that does no better than guessing is no evidence of privacy, so it is shown and not judged, unless it is beyond
    the margin. With ``judged`` false every attack is only shown.
    """
    margin = data.policy.margin(identifier)
    outcome = upper_outcome(risk.ends, margin)
    if not judged or (not risk.succeeds and outcome is not Outcome.EXCEEDED):
        outcome = Outcome.SHOWN
    return Finding(
        identifier,
        scope or {},
        outcome,
        real=risk.control,
        synthetic=risk.rate,
        value=risk.value,
        ci=risk.ends,
        null=risk.null,
        margin=margin,
        n=_rows(data),
        detail={
            "guessing": round(risk.guessing, _DECIMALS),
            "attack_beats_guessing": risk.succeeds,
            **detail,
        },
    )


def _rows(data: CheckInput) -> dict[str, int]:
    rows = {"real": data.real.rows, "synthetic": data.synthetic.rows}
    return rows if data.holdout is None else rows | {"holdout": data.holdout.rows}
