"""The reference computation of classifiers' group metrics: Fairlearn's MetricFrame on the published tables.

One frame a scope holds all classifiers, as control feature, so that Fairlearn's fixed cost is paid once. The tables are
weighted rows with outcomes and labels 0 and 1: on texts such as ``<=50K`` Fairlearn's metrics would all be 0, without a
warning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.checks.utility.group_rates import MEASURES, METRICS, GroupMeasure
from assaymark.cubes.models import AGAIN, ModelKey, ModelTables, fits_of
from assaymark.cubes.published import group_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from assaymark.results.findings import Finding

_BY_ID = {measure.identifier: measure for measure in MEASURES}


class ModelReference:
    """Group metrics of all classifiers of one scope, by Fairlearn.

    Args:
        tables: The published tables.
    """

    def __init__(self, tables: ModelTables) -> None:
        self._labels = tables.labels
        self._by_group = _frame(tables).by_group

    def pairs(self, finding: Finding) -> list[tuple[float, float]]:
        """Return our numbers of a finding and Fairlearn's."""
        scope = finding.scope
        fits = fits_of(self._labels, scope["learner"], scope["trained_on"])
        numbers = ((finding.real, [key.partner for key in fits]), (finding.synthetic, fits))
        return [(ours, self._mean(finding, list(keys))) for ours, keys in numbers if ours is not None]

    def _mean(self, finding: Finding, keys: list[ModelKey]) -> float:
        measure = _BY_ID.get(finding.id)
        if measure is None:
            group, metric = finding.scope["group"], finding.scope["metric"]
            return float(np.mean([self._by_group.loc[(_text(key), group), metric] for key in keys]))
        values = [self._gap(measure, key, list(finding.scope["groups"])) for key in keys]
        return float(np.exp(np.mean(np.log(values)))) if measure.ratio else float(np.mean(values))

    def _gap(self, measure: GroupMeasure, key: ModelKey, groups: list[str]) -> float:
        rates = self._by_group.loc[_text(key)].loc[groups, list(measure.parts)].to_numpy(dtype=np.float64)
        high, low = rates.max(axis=0), rates.min(axis=0)
        return float(((low / high) if measure.ratio else high - low).max())


def _text(key: ModelKey) -> str:
    return f"{key.learner}/{key.trained_on}/{key.seed}"


def _frame(tables: ModelTables) -> Any:
    from fairlearn.metrics import (
        MetricFrame,
        false_negative_rate,
        false_positive_rate,
        selection_rate,
        true_positive_rate,
    )
    from sklearn.metrics import accuracy_score, precision_score

    metrics: dict[str, Callable[..., Any]] = {
        "selection_rate": selection_rate,
        "true_positive_rate": true_positive_rate,
        "false_positive_rate": false_positive_rate,
        "false_negative_rate": false_negative_rate,
        "positive_predictive_value": precision_score,
        "accuracy": accuracy_score,
    }
    names = [group_name(group) for group in tables.groups]
    keys = [key for key in tables.labels if key.trained_on != AGAIN]
    weights = np.concatenate([tables.labels[key][: len(names)].ravel() for key in keys])
    cells = np.tile(np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), (len(names) * len(keys), 1))
    kept = weights > 0
    weight = weights[kept].astype(np.float64)
    return MetricFrame(
        metrics={name: metrics[name] for name in METRICS},
        y_true=cells[kept, 0],
        y_pred=cells[kept, 1],
        sensitive_features=np.tile(np.repeat(names, 4), len(keys))[kept],
        control_features=np.repeat([_text(key) for key in keys], 4 * len(names))[kept],
        sample_params={name: {"sample_weight": weight} for name in METRICS},
    )
