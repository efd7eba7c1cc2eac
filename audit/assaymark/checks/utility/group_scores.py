"""Scores of classifiers group by group: how well they rank, and how well they are calibrated.

Scores belong to rows, so that these findings are signed and cannot be computed from published tables. They are about the same
groups as those tables: a group that is pooled there has no number here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.checks.statements import Subject, interval, not_estimable, number
from assaymark.checks.utility.calibration import BINS, Calibration, calibration
from assaymark.checks.utility.performance import predictions_of
from assaymark.cubes.models import AGAIN, BOTH, COMPARED, REAL, SYNTHETIC, ModelKey, ModelTables, row_combinations
from assaymark.cubes.published import group_name
from assaymark.results.findings import Finding
from assaymark.statistics.bootstrap import percentile_interval
from assaymark.statistics.intervals import t_quantile
from assaymark.statistics.layers import layered, pairwise_null
from assaymark.statistics.outcomes import upper_outcome
from assaymark.statistics.roc import Areas, delong
from assaymark.statistics.spreads import shrunk, widened

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from assaymark.checks.utility.training import Predictions
    from assaymark.host.specs import CheckInput

    Values = NDArray[np.float64]

CALIBRATION = "utility.calibration_gap"
GROUP_AUC = "utility.group_auc"
IDS = (CALIBRATION, GROUP_AUC)


def check(data: CheckInput) -> Iterator[Finding]:
    """Return calibration gaps and AUC by group, scope by scope."""
    found, reason = predictions_of(data)
    for cubes in data.cubes.scopes:
        data.run.check()
        subject = Subject(data.cubes, cubes.protected)
        tables = cubes.models
        if found is None or tables is None or tables.withheld or not tables.groups:
            for identifier in IDS:
                yield not_estimable(
                    identifier, subject.scope(), reason or ("no_classifiers" if tables is None else "small_cell")
                )
            continue
        groups = _group_of_rows(data, found, cubes.protected, tables)
        for learner in found.learners():
            yield from _Learner(subject, found, learner, tables, groups, data).findings()
    for scope, why in data.cubes.withheld.items():
        for identifier in IDS:
            yield not_estimable(identifier, Subject(data.cubes, scope).scope(), why)


def _group_of_rows(data: CheckInput, found: Predictions, scope: Sequence[str], tables: ModelTables) -> NDArray[np.intp]:
    """Return the published group of each scored row, -1 where it is pooled."""
    if data.holdout is None:
        return np.full(len(found.rows), -1, dtype=np.intp)
    place, combinations = row_combinations(data.holdout, scope)
    lookup = np.array([tables.groups.index(each) if each in tables.groups else -1 for each in combinations], dtype=np.intp)
    return lookup[place[found.rows]]


class _Learner:
    """The findings of one learner in one scope."""

    def __init__(
        self, subject: Subject, found: Predictions, learner: str, tables: ModelTables, group: NDArray[np.intp], data: CheckInput
    ) -> None:
        self._subject, self._found, self._learner, self._data = subject, found, learner, data
        self._group = group
        self._names = [group_name(each) for each in tables.groups]
        count = len(self._names)
        self._n = np.bincount(group[group >= 0], minlength=count)
        self._positives = np.bincount(group[(group >= 0) & found.truth], minlength=count)
        self._keys = {name: found.fits(learner, name) for name in (REAL, SYNTHETIC, BOTH, AGAIN)}

    def findings(self) -> Iterator[Finding]:
        errors = self._calibrations()
        areas = [self._areas(place) for place in range(len(self._names))]
        for trained_on in COMPARED:
            if self._keys[trained_on]:
                yield self._gap(trained_on, errors)
                for place in range(len(self._names)):
                    yield self._auc(trained_on, place, areas[place])

    def _scope(self, trained_on: str, **more: Any) -> dict[str, Any]:
        return self._subject.scope(learner=self._learner, trained_on=trained_on, **more)

    def _calibrations(self) -> dict[ModelKey, Calibration]:
        found, count = self._found, len(self._names)
        return {
            key: calibration(found.truth, found.scores[key], self._group, count) for keys in self._keys.values() for key in keys
        }

    def _gap(self, trained_on: str, errors: dict[ModelKey, Calibration]) -> Finding:
        places = np.flatnonzero(self._n >= self._data.policy.min_group_size)
        scope = self._scope(trained_on, groups=[self._names[place] for place in places])
        if len(places) < 2:  # noqa: PLR2004 - a difference takes two groups
            return not_estimable(CALIBRATION, scope, "group_too_small" if len(self._names) > 1 else "small_cell")
        fits = self._keys[trained_on]
        gaps = {key: float(np.ptp(errors[key].corrected[places])) for key in errors}
        partners = [key.partner for key in fits]
        changes = np.array([gaps[key] - gaps[key.partner] for key in fits])
        value = float(changes.mean())
        drawn, bias = self._drawn_changes([errors[key] for key in partners], [errors[key] for key in fits], places)
        low, high = percentile_interval(drawn, self._data.policy.level) - drawn.mean()
        change = layered(changes, *widened(value + float(low), value + float(high), bias), self._data.policy.level)
        null = pairwise_null(np.array([gaps[key] for key in self._keys[AGAIN]]), self._data.policy.level)
        margin = max(self._data.policy.margin(CALIBRATION), null or 0.0)
        real, other = (float(np.mean([gaps[key] for key in keys])) for keys in (partners, fits))
        more = {"interval": "normal draws, paired", "variance": change.variance(), "seeds": len(fits), "bins": BINS}
        return Finding(
            CALIBRATION,
            scope,
            upper_outcome(change.ends, margin),
            real=number(real),
            synthetic=number(other),
            value=number(value),
            ci=interval(change.ends),
            null=null,
            margin=margin,
            n={"holdout": {self._names[place]: int(self._n[place]) for place in places}},
            detail=more | _from(null, margin) | {"errors": self._errors(errors, fits, places)},
        )

    def _drawn_changes(
        self, real: Sequence[Calibration], other: Sequence[Calibration], places: NDArray[np.intp]
    ) -> tuple[Values, float]:
        """Draw the change of the gap, from the errors of both mean classifiers and what the rows of each group say of them.

        Groups share no row. Within one, the errors of both classifiers rest on the same rows, so they are drawn together.

        Returns:
            Changes, shape (draws,), and by how much sampling makes the change larger, on average.
        """
        rng = self._data.run.rng("calibration", self._learner, *self._subject.protected)
        centres = np.stack([np.mean([each.corrected for each in both], axis=0) for both in (real, other)])[:, places]
        influence = np.stack([np.mean([each.influence for each in both], axis=0) for both in (real, other)])
        noise = np.empty((2, self._data.policy.draws, len(places)))
        variances = np.empty((2, len(places)))
        for column, place in enumerate(places):
            own = influence[:, self._group == place]
            covariance = own @ own.T / float(self._n[place]) ** 2
            variances[:, column] = np.diag(covariance)
            noise[:, :, column] = rng.multivariate_normal(np.zeros(2), covariance, self._data.policy.draws, method="svd").T
        gaps = np.ptp(centres[:, None, :] + noise, axis=2)
        true = np.stack([shrunk(*row) for row in zip(centres, variances, strict=True)])
        bias = np.ptp(true[:, None, :] + noise, axis=2).mean(axis=1) - np.ptp(true, axis=1)
        return np.asarray(gaps[1] - gaps[0], dtype=np.float64), float(bias[1] - bias[0])

    def _errors(
        self, errors: dict[ModelKey, Calibration], fits: Sequence[ModelKey], places: NDArray[np.intp]
    ) -> dict[str, dict[str, dict[str, float]]]:
        told = {}
        for name, keys in (("real", [key.partner for key in fits]), ("synthetic", fits)):
            error, corrected = (
                np.mean([getattr(errors[key], part) for key in keys], axis=0) for part in ("error", "corrected")
            )
            told[name] = {
                self._names[place]: {"error": float(error[place]), "corrected": float(corrected[place])} for place in places
            }
        return told

    def _areas(self, place: int) -> Areas | None:
        """Return the areas of all fits within one group, in the order of ``_keys``; None with too few rows of an outcome."""
        positives = int(self._positives[place])
        if min(positives, int(self._n[place]) - positives) < self._data.policy.min_positives:
            return None
        rows = self._group == place
        scores = [self._found.scores[key][rows] for keys in self._keys.values() for key in keys]
        return delong(self._found.truth[rows], np.stack(scores))

    def _auc(self, trained_on: str, place: int, areas: Areas | None) -> Finding:
        scope = self._scope(trained_on, group=self._names[place])
        if areas is None:
            few = self._positives[place] < self._data.policy.min_positives
            return not_estimable(GROUP_AUC, scope, "too_few_positives" if few else "too_few_negatives")
        order = [key for keys in self._keys.values() for key in keys]
        fits = self._keys[trained_on]
        real = [order.index(key.partner) for key in fits]
        other = [order.index(key) for key in fits]
        weights = np.zeros(len(order))
        weights[other] += 1.0 / len(fits)
        weights[real] -= 1.0 / len(fits)
        half = t_quantile(self._data.policy.level, None) * float(np.sqrt(max(float(weights @ areas.covariance @ weights), 0.0)))
        value = float(weights @ areas.auc)
        change = layered(areas.auc[other] - areas.auc[real], value - half, value + half, self._data.policy.level)
        null = pairwise_null(areas.auc[[order.index(key) for key in self._keys[AGAIN]]], self._data.policy.level)
        margin = max(self._data.policy.margin(GROUP_AUC), null or 0.0)
        return Finding(
            GROUP_AUC,
            scope,
            upper_outcome((-change.high, -change.low), margin),
            real=number(float(areas.auc[real].mean())),
            synthetic=number(float(areas.auc[other].mean())),
            value=number(change.value),
            ci=interval(change.ends),
            null=null,
            margin=margin,
            n={"holdout": {self._names[place]: int(self._n[place])}},
            detail={"interval": "DeLong, paired", "variance": change.variance(), "seeds": len(fits)} | _from(null, margin),
        )


def _from(null: float | None, margin: float) -> dict[str, str]:
    return {"tested_on": "holdout", "margin_from": "null" if margin == null else "policy"}
