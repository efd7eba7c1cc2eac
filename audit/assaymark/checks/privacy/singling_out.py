"""Singling out: predicates that synthetic rows suggest, and whether they hold of exactly one real person.

After Giomi et al. (2023, section 4.1). The attacker's predicates are those of Anonymeter 1.1, made from the different synthetic
rows. What differs from it:

- success on a holdout of another size is carried over to the size of real by exchanging rows of the two, right whatever the
  predicates are. Anonymeter fits a curve to it, which on rows of one population, none of them learned, gives risks of 0.07
  where the holdout is half as large as real, and 0.11 where it is a quarter (Adult, three columns);
- intervals allow for predicates that are true of the same rows; counted as independent they are too narrow in small tables;
- a row that occurs twice in real cannot be singled out: nobody is isolated by what two people share;
- rates are of the predicates that could be made, not of those that were asked for, which would hide a risk behind attacks that
  never took place; with fewer than a hundred there is no estimate;
- everything is seeded, and a perfect copy is measured like any other table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.checks.coding import row_keys
from assaymark.checks.privacy.attacks import Risk, Tries, hindered, obstacle, statement
from assaymark.checks.privacy.exchange import Excess, excess
from assaymark.checks.privacy.guessing import WIDTH, at_random, of_one_column, of_several_columns
from assaymark.checks.privacy.predicates import Population, Predicates, matches, populations

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from assaymark.host.specs import CheckInput
    from assaymark.results.findings import Finding

UNIVARIATE = "privacy.singling_out_univariate"
MULTIVARIATE = "privacy.singling_out_multivariate"
IDS = (UNIVARIATE, MULTIVARIATE)

_STEP = 0.01  # of what is published where a count is small
FEWEST = 100  # predicates that an estimate needs


def check(data: CheckInput) -> Iterator[Finding]:
    """Return a finding for predicates of one column, and one for those of several."""
    reason = obstacle(data)
    if reason is not None or data.holdout is None:
        yield from (hindered(identifier, data, reason or "no_holdout") for identifier in IDS)
        return
    columns = data.schema.learnable
    synthetic, real, holdout = populations([data.synthetic, data.real, data.holdout], columns)
    first = np.unique(row_keys([data.synthetic], columns)[0], return_index=True)[1]
    synthetic = synthetic.take(data.run.rng("singling out", "rows").permutation(first))
    made = of_one_column(synthetic, data.policy.attacks, data.run.rng("singling out", "one column"))
    yield _finding(UNIVARIATE, made, 1, (synthetic, real, holdout), data)
    made = of_several_columns(synthetic, data.policy.attacks, data.run, data.run.rng("singling out", "several columns"))
    yield _finding(MULTIVARIATE, made, min(WIDTH, len(columns)), (synthetic, real, holdout), data)


def _finding(
    identifier: str, made: Predicates, width: int, tables: tuple[Population, Population, Population], data: CheckInput
) -> Finding:
    synthetic, real, holdout = tables
    if len(made) < FEWEST:
        return hindered(identifier, data, "too_few_predicates")
    found = excess(made, real, holdout, data.run, data.run.rng("singling out", "exchange", width))
    guesses = at_random(synthetic, len(made), width, data.run.rng("singling out", "blind", width))
    blind = int((matches(guesses, real, enough=2) == 1).sum())
    return _risk(identifier, found, blind, data, {"columns_each": width, "asked_for": data.policy.attacks})


def _risk(identifier: str, found: Excess, blind: int, data: CheckInput, detail: Mapping[str, Any]) -> Finding:
    tail = (1.0 - data.policy.level) / 2.0
    rate = found.real / found.tries
    low, high = np.quantile(found.luck, [1.0 - tail, tail])
    values = [
        _share_of_room(gained, rate)
        for gained in (
            found.value,
            found.value - low,
            found.value - high,
            float(np.quantile(np.abs(found.luck), data.policy.level)),
        )
    ]
    small = any(0 < count < data.policy.small_cell for count in (found.real, found.holdout, found.tries - found.real))
    step = max(data.policy.small_cell / found.tries, _STEP) if small else 0.0
    value, low, high, null = (_coarse(one, step) for one in values)
    control = min(max(rate - found.value, 0.0), 1.0)
    guessing = Tries(blind, found.tries).blurred(data.policy.small_cell).share
    return statement(
        identifier,
        Risk(value, (low, high), null, None if small else control, None if small else rate, guessing, rate > guessing),
        data,
        {
            "attacks": found.tries,
            "real_is": "share of the predicates that would single somebody out of as many fresh rows",
            "synthetic_is": "share of the predicates that single somebody out of the rows that the generator learned",
            "interval": "exchange of real and holdout rows",
            **detail,
        },
    )


def _share_of_room(gained: float, rate: float) -> float:
    """Return an excess as a share of what success on fresh rows leaves to win, within [-1, 1]."""
    room = 1.0 - rate + gained
    return min(max(gained / room, -1.0), 1.0) if room > 0 else 0.0


def _coarse(value: float, step: float) -> float:
    return round(value / step) * step + 0.0 if step else float(value)
