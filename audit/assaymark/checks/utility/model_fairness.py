"""Bias of classifiers: trained on real, on synthetic or on both rows, tested on the same holdout, group by group.

Everything here is a function of the published tables, the policy and the seed, so that a verifier computes it again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.checks.statements import Subject, interval, not_estimable, number
from assaymark.checks.utility.comparisons import Comparison, comparison
from assaymark.checks.utility.group_rates import (
    MEASURES,
    METRICS,
    GroupMeasure,
    denominators,
    enough,
    metric,
    rates,
    spread_bias,
    spread_by_chance,
    too_few,
)
from assaymark.cubes.models import COMPARED
from assaymark.cubes.published import group_name
from assaymark.results.findings import Finding
from assaymark.statistics.bootstrap import percentile_interval
from assaymark.statistics.layers import Layered, layered, pairwise_null
from assaymark.statistics.outcomes import two_sided_outcome, upper_outcome
from assaymark.statistics.spreads import widened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from assaymark.cubes.models import ModelTables
    from assaymark.host.specs import CheckInput

    Values = NDArray[np.float64]

GROUP_METRIC = "utility.group_metric"
IDS = (*(measure.identifier for measure in MEASURES), GROUP_METRIC)
_CHANCE_DRAWS = 2_000
_OF_POSITIVES = {"true_positive_rate", "false_negative_rate"}
_OF_NEGATIVES = {"false_positive_rate"}


def check(data: CheckInput) -> Iterator[Finding]:
    """Return the classifier fairness findings, scope by scope."""
    for cubes in data.cubes.scopes:
        data.run.check()
        subject = Subject(data.cubes, cubes.protected)
        tables = cubes.models
        if tables is None:
            yield from _nothing(subject, "no_holdout" if cubes.holdout is None else "no_classifiers")
        elif tables.withheld or not tables.groups:
            yield from _nothing(subject, "small_cell")
        else:
            yield from _scope_findings(subject, tables, data)
    for scope, reason in data.cubes.withheld.items():
        yield from _nothing(Subject(data.cubes, scope), reason)


def _nothing(subject: Subject, reason: str) -> Iterator[Finding]:
    for identifier in IDS:
        yield not_estimable(identifier, subject.scope(), reason)


def _scope_findings(subject: Subject, tables: ModelTables, data: CheckInput) -> Iterator[Finding]:
    alone = "single_group" if len(tables.groups) == 1 and not tables.pooled else None
    for learner in tables.learners():
        for trained_on in COMPARED:
            data.run.check()
            found = comparison(tables, learner, trained_on, data.policy, data.run, subject.protected)
            if found is not None:
                yield from _Findings(subject, found, data, alone).all()
    for group in tables.pooled_groups:  # so that nobody takes silence for fairness
        yield not_estimable(GROUP_METRIC, subject.scope(group=group_name(group)), "small_cell")


class _Findings:
    """The findings of one comparison in one scope."""

    def __init__(self, subject: Subject, found: Comparison, data: CheckInput, alone: str | None) -> None:
        self._subject, self._found, self._data, self._alone = subject, found, data, alone
        self._rates = {"real": rates(found.real), "other": rates(found.other), "again": rates(found.again)}
        among = np.concatenate([found.real, found.other])
        self._denominators = denominators(among).min(axis=0)
        self._enough = enough(self._denominators, data.policy)

    def all(self) -> Iterator[Finding]:
        for measure in MEASURES:
            yield self._gap(measure)
        for group, name in enumerate(self._found.names):
            for each in METRICS:
                yield self._metric(group, name, each)

    def _scope(self, **more: Any) -> dict[str, Any]:
        return self._subject.scope(learner=self._found.learner, trained_on=self._found.trained_on, **more)

    def _gap(self, measure: GroupMeasure) -> Finding:
        places = np.flatnonzero(measure.estimable(self._enough))
        names = [self._found.names[place] for place in places]
        scope = self._scope(groups=names)
        if len(places) < 2:  # noqa: PLR2004 - a difference takes two groups
            lacking = [name for name in measure.parts if self._enough[:, metric(name)].sum() < 2] or list(measure.parts)  # noqa: PLR2004
            few = "small_cell" if len(self._found.names) == 1 else too_few(lacking)
            return not_estimable(measure.identifier, scope, self._alone or few)
        by_seed = {name: measure.effect(values[:, places]) for name, values in self._rates.items()}
        drawn = [measure.effect(values[:, places]) for values in (self._found.real_draws, self._found.other_draws)]
        change = self._layered(by_seed["other"] - by_seed["real"], drawn[1] - drawn[0], self._bias(measure, places))
        real, other = (float(by_seed[name].mean()) for name in ("real", "other"))
        if not np.isfinite([real, other, *change.ends]).all():
            return not_estimable(measure.identifier, scope, "zero_rate")
        null = pairwise_null(by_seed["again"], self._data.policy.level)
        margin = max(self._data.policy.margin(measure.identifier), null or 0.0)
        growth = (-change.high, -change.low) if measure.ratio else change.ends  # a smaller ratio is the worse one
        return Finding(
            measure.identifier,
            scope,
            upper_outcome(growth, margin),
            real=number(measure.shown(real)),
            synthetic=number(measure.shown(other)),
            value=number(change.value),
            ci=interval(change.ends),
            null=null,
            margin=margin,
            n=self._n(places, measure.parts),
            detail=self._detail(change, null, margin) | self._by_chance(measure, places, real, other),
        )

    def _metric(self, group: int, name: str, which: str) -> Finding:
        place = metric(which)
        scope = self._scope(group=name, metric=which)
        if not self._enough[group, place]:
            return not_estimable(GROUP_METRIC, scope, too_few([which]))
        real, other, again = (self._rates[key][:, group, place] for key in ("real", "other", "again"))
        drawn = self._found.other_draws[:, group, place] - self._found.real_draws[:, group, place]
        change = self._layered(other - real, drawn)
        null = pairwise_null(again, self._data.policy.level)
        margin = max(self._data.policy.margin(GROUP_METRIC), null or 0.0)
        return Finding(
            GROUP_METRIC,
            scope,
            two_sided_outcome(change.ends, margin),
            real=number(float(real.mean())),
            synthetic=number(float(other.mean())),
            value=number(change.value),
            ci=interval(change.ends),
            null=null,
            margin=margin,
            n=self._n(np.array([group]), (which,)),
            detail=self._detail(change, null, margin),
        )

    def _layered(self, effects: Values, drawn: Values, bias: float = 0.0) -> Layered:
        """Return the interval of the mean over seeds, from draws of the mean classifier.

        That interval is as wide as if sampling did the same to all seeds. They share the rows that they are tested on, so it
        nearly does; where it does not, the interval is too wide. The draws are put around the value: those of a spread lie
        above it on the whole, as the spread itself lies above the one without sampling, which ``bias`` makes room for.
        """
        value = float(effects.mean())
        low, high = percentile_interval(drawn, self._data.policy.level) - drawn.mean()
        low, high = widened(value + float(low), value + float(high), bias)
        return layered(effects, low, high, self._data.policy.level)

    def _bias(self, measure: GroupMeasure, places: NDArray[np.intp]) -> float:
        """Return by how much sampling makes the change of a spread larger, on average."""
        rng = self._data.run.rng(
            "spread-bias", measure.identifier, self._found.learner, self._found.trained_on, *self._subject.protected
        )
        real, other = (
            spread_bias(measure, counts.mean(axis=0)[places], _CHANCE_DRAWS, rng)
            for counts in (self._found.real, self._found.other)
        )
        return other - real

    def _detail(self, change: Layered, null: float | None, margin: float) -> dict[str, Any]:
        return {
            "interval": self._found.interval,
            "variance": change.variance(),
            "seeds": self._found.seeds,
            "tested_on": "holdout",
            "margin_from": "null" if margin == null else "policy",
        }

    def _by_chance(self, measure: GroupMeasure, places: NDArray[np.intp], real: float, other: float) -> dict[str, Any]:
        if measure.ratio:
            return {}
        told: dict[str, dict[str, float]] = {"expected_by_chance": {}, "corrected": {}, "p_equal_rates": {}}
        for name, counts, spread in (("real", self._found.real, real), ("synthetic", self._found.other, other)):
            key = (measure.identifier, self._found.learner, self._found.trained_on, name, *self._subject.protected)
            rng = self._data.run.rng("spread-by-chance", *key)
            chance = spread_by_chance(measure, counts.mean(axis=0)[places], spread, _CHANCE_DRAWS, rng)
            told["expected_by_chance"][name] = chance.expected
            told["corrected"][name] = max(spread - chance.expected, 0.0)
            told["p_equal_rates"][name] = chance.p
        return told

    def _n(self, places: NDArray[np.intp], parts: tuple[str, ...]) -> dict[str, dict[str, int]]:
        rows = denominators(self._found.real[0])
        shown = {"holdout": "accuracy"}
        if _OF_POSITIVES & set(parts):
            shown["positives"] = "true_positive_rate"
        if _OF_NEGATIVES & set(parts):
            shown["negatives"] = "false_positive_rate"
        return {
            key: {self._found.names[place]: int(rows[place, metric(part)]) for place in places} for key, part in shown.items()
        }
