"""What findings say, in words and numbers that a person reads. Unknown measures of other plugins are worded by their id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NAMES = {
    "bias.demographic_parity_difference": "Demographic parity difference",
    "bias.impact_ratio": "Impact ratio",
    "bias.log_odds_ratio": "Log odds ratio",
    "bias.demographic_parity_spread": "Demographic parity spread",
    "bias.directional_amplification": "Directional bias amplification, mean",
    "bias.directional_amplification_cell": "Directional bias amplification, cell",
    "bias.group_parity_difference": "Group's rate, difference",
    "bias.group_impact_ratio": "Group's rate, ratio",
    "bias.group_log_odds_ratio": "Group's rate, log odds ratio",
    "bias.mals": "MALS bias amplification",
    "bias.multi_attribute_amplification": "Multi-attribute bias amplification",
    "bias.differential_fairness_epsilon": "Differential fairness (epsilon)",
    "bias.cramers_v": "Cramér's V of group and outcome",
    "bias.mutual_information": "Mutual information of group and outcome",
    "bias.unknown_group_bounds": "Gap with unknown groups assigned at worst",
    "bias.conditional_demographic_disparity": "Conditional demographic disparity",
    "bias.generation_variability": "Variation between samples of the generator",
    "bias.driver": "What accounts for a change",
    "bias.label_conditional_shift": "Shift within a group and outcome",
    "bias.missingness_gap": "Missing values, gap between groups",
    "bias.proxy_leakage": "Attribute told from the other columns (AUC)",
    "bias.class_parity_difference": "Parity difference of a class",
    "bias.class_distribution_distance": "Distance between groups over all classes",
    "bias.rank_difference": "Rank difference",
    "bias.mean_difference": "Difference of means",
    "bias.quantile_difference": "Difference of quantiles",
    "bias.wasserstein_distance": "Wasserstein distance between groups",
    "bias.scoring_rate_difference": "Scoring rate difference",
    "representation.log_disparity": "Representation (log disparity)",
    "representation.lost_group": "Lost group",
    "representation.invented_group": "Invented group",
    "fidelity.column_shape": "Column shape",
    "fidelity.pair_trend": "Pair trend",
    "fidelity.shapes": "Column shapes, mean score",
    "fidelity.trends": "Pair trends, mean score",
    "fidelity.unseen_categories": "Unseen categories",
    "fidelity.group_distance": "Distance of a group from real",
    "fidelity.parity_gap": "Fidelity gap between groups",
    "fidelity.group_detection": "Group told from real (AUC)",
    "fidelity.marginals": "Three-way tables, mean score",
    "fidelity.detection": "Detection by a classifier",
    "fidelity.alpha_precision": "Alpha-precision (realism)",
    "fidelity.beta_recall": "Beta-recall (diversity)",
    "fidelity.density": "Density",
    "fidelity.coverage": "Coverage",
    "fidelity.rare_categories": "Rare categories kept",
    "fidelity.tail": "Tail of a column",
    "fidelity.functional_dependency": "Functional dependency broken",
    "fidelity.constraint": "Constraint broken",
    "utility.auc": "AUC on the holdout",
    "utility.accuracy": "Accuracy on the holdout",
    "utility.demographic_parity_difference": "Classifier: demographic parity difference",
    "utility.demographic_parity_ratio": "Classifier: demographic parity ratio",
    "utility.equalized_odds_difference": "Classifier: equalized odds difference",
    "utility.true_positive_rate_gap": "Classifier: gap of true positive rates",
    "utility.false_positive_rate_gap": "Classifier: gap of false positive rates",
    "utility.accuracy_gap": "Classifier: gap of accuracies",
    "utility.group_metric": "Classifier: rate of a group",
    "utility.calibration_gap": "Classifier: gap of calibration errors",
    "utility.group_auc": "Classifier: AUC within a group",
    "privacy.singling_out_univariate": "Singling out by one column",
    "privacy.singling_out_multivariate": "Singling out by several columns",
    "privacy.linkability": "Linkability",
    "privacy.attribute_inference": "Attribute inference",
    "privacy.verbatim_rows": "Rows found verbatim in real",
    "privacy.holdout_overlap": "Holdout rows found in real",
    "privacy.membership_inference": "Membership inference",
    "privacy.membership_inference_outliers": "Membership inference, rows that stand alone",
    "privacy.membership_inference_group": "Membership inference, one group",
    "privacy.membership_auc": "Membership inference, AUC",
    "privacy.dp_claim": "Differential privacy, as claimed",
    "privacy.distance_to_closest_record": "Distance to the closest real row, 5th percentile",
    "privacy.nearest_neighbour_distance_ratio": "Ratio of distances to the two closest real rows, 5th percentile",
    "privacy.k_anonymity": "Smallest published count of real people",
    "privacy.shadow_membership": "Membership inference by shadow models, exposed rows",
}
OUTCOMES = {
    "not_estimable": "not estimable",
    "introduced": "introduced",
    "reversed": "reversed",
    "amplified": "amplified",
    "attenuated": "attenuated",
    "not_amplified": "not amplified",
    "inconclusive": "inconclusive",
    "lost": "lost",
    "within": "within the margin",
    "exceeded": "margin exceeded",
    "shown": "shown only",
}
REASONS = {
    "small_cell": "too few real rows to show: a cell has fewer than the smallest publishable count",
    "group_too_small": "a group has fewer real rows than the policy asks for",
    "single_group": "there is one group only, so nothing to compare",
    "no_holdout": "there is no holdout, that is no real rows that the generator never saw",
    "no_classifiers": "no classifier could be trained",
    "group_without_synthetic_rows": "a group that real has is absent from the synthetic rows",
    "too_few_synthetic_rows": "there are too few synthetic rows",
    "no_synthetic_outcome": "no synthetic row has a value of the target",
    "strata_declared": "tables by class and tables within strata are not published together, which could tell of small groups",
    "no_variation": "all rows of the groups have the same outcome, so nothing can vary",
    "no_synthetic_positives": "no synthetic row is positive",
    "too_many_combinations": "there are too many combinations of groups to publish safely",
    "too_few_to_bound": "there are too few rows to bound how many an attack could name, and none was shown to succeed",
    "synthetic_knows_holdout": "the synthetic rows are nearer to the holdout than to real, so it is no fair baseline",
    "holdout_overlaps_real": "the holdout shares rows with real, so it is no fair baseline",
    "too_few_predicates": "the synthetic rows suggest too few predicates that could single somebody out",
    "free_text": "the column is free text, which is not compared",
    "one_class": "the target has one class only",
    "too_few_columns": "there are too few columns to compare",
    "too_few_rows": "there are too few rows",
    "no_target": "no target is named",
    "no_predictors": "there is no column to learn from",
    "too_few_positives": "a group has fewer positive holdout rows than the policy asks for",
    "too_few_negatives": "a group has fewer negative holdout rows than the policy asks for",
    "too_few_selected": "a classifier selects fewer rows of a group than the policy asks for",
    "zero_rate": "a rate is zero or undefined, so that it has no ratio",
    "no_rare_categories": "no category is rare in real",
    "no_tail": "fewer than ten real rows lie beyond that end",
    "no_columns": "there is no column to compare",
    "one_synthetic_outcome": "all synthetic rows have the same outcome",
    "reference_not_estimable": "the reference group has too few real rows for a rate of its own",
    "no_over_represented_group": "no group has more than an equal share of an outcome",
    "no_estimable_stratum": "no stratum has enough rows of this group to show",
}
_LEARNERS = {"trees": "boosted trees", "linear": "logistic regression"}
_TRAINED_ON = {"synthetic": "synthetic", "both": "real and synthetic"}
_VERBS = {
    "amplified": "grows",
    "introduced": "appears",
    "reversed": "turns round",
    "attenuated": "shrinks",
    "not_amplified": "does not grow",
}


def name(identifier: str) -> str:
    """Return the name of a measure."""
    return NAMES.get(identifier, identifier.partition(".")[2].replace("_", " ").replace(".", " ").capitalize())


def number(value: float | None) -> str:
    """Return a number to three significant digits, never in exponent form for ordinary sizes."""
    if value is None:
        return "–"
    if value == 0:
        return "0"
    if abs(value) < 0.0005:  # noqa: PLR2004 - below what a report resolves
        return "<0.0005" if value > 0 else ">−0.0005"
    text = f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"  # noqa: PLR2004 - thousands get separators
    return text.replace("-", "−")


def signed(value: float | None) -> str:
    """Return a number with its sign."""
    if value is None:
        return "–"
    if 0 < abs(value) < 0.0005:  # noqa: PLR2004 - below what a report resolves; the direction is kept
        return "+0.000" if value > 0 else "−0.000"
    return ("+" if value > 0 else "") + number(value)


def interval(ends: list[float | None] | None) -> str:
    """Return an interval."""
    if ends is None:
        return "–"
    return f"{signed(ends[0]) if ends[0] is not None else '−∞'} to {signed(ends[1]) if ends[1] is not None else '+∞'}"


def reason(code: str | None) -> str:
    """Return why something is not estimable, in words."""
    if code is None:
        return ""
    return REASONS.get(code, code.replace("_", " "))


def subject(finding: Mapping[str, Any]) -> str:
    """Return what a finding is about: attribute, groups, column."""
    scope = finding["scope"]
    parts = [" and ".join(scope["protected"])] if scope.get("protected") else []
    groups = scope.get("groups") or []
    if len(groups) == 2:  # noqa: PLR2004 - a pair
        parts.append(f"{groups[0]} against {groups[1]}")
    if "class" in scope:
        parts.append(f"{scope['target']} {scope['class']}")
    parts += [worded(scope[key]) for key, worded in _SUBJECTS.items() if key in scope]
    if "learner" in scope:
        parts.append(f"{learner(scope['learner'])} trained on {_TRAINED_ON.get(scope.get('trained_on', ''), 'other')} rows")
    return ", ".join(parts)


_SUBJECTS: Mapping[str, Callable[[Any], str]] = {
    "group": lambda group: "groups too small to name, together" if group == "_pooled" else str(group),
    "against": lambda against: "against everybody" if against == "overall" else f"against {against}",
    "stratum": lambda stratum: f"within {stratum}",
    "distance": str,
    "quantile": lambda share: f"quantile {share}",
    "direction": lambda direction: str(direction).replace("->", "→"),
    "outcome": lambda outcome: {"positive": "positive outcome", "rest": "other outcome"}.get(outcome, str(outcome)),
    "column": lambda column: "the groups' rates" if column is None else str(column),
    "attack": lambda attack: f"the {str(attack).replace('_', ' ')} attack",
    "mechanism": str,
    "columns": lambda columns: " and ".join(str(column) for column in columns),
    "metric": lambda metric: str(metric).replace("_", " "),
    "tail": lambda tail: f"{tail} tail",
    "rule": str,
}


def learner(name: str) -> str:
    """Return what a learner is called in a report."""
    return _LEARNERS.get(name, name.replace("_", " "))


def sentence(finding: Mapping[str, Any]) -> str:
    """Return what was found, in one sentence, and in a second one why a gate is undecided all the same."""
    return _sentence(finding) + _by_chance(finding) + _more_rows(finding)


def _by_chance(finding: Mapping[str, Any]) -> str:
    if finding.get("gate") != "inconclusive" or finding.get("p_adjusted") is None:
        return ""
    adjusted = number(finding["p_adjusted"])
    return f" Undecided: with so many gated findings, one like this may come by chance (p {adjusted} after Holm's correction)."


def _more_rows(finding: Mapping[str, Any]) -> str:
    factor = (finding.get("detail") or {}).get("rows_to_decide")
    return "" if factor is None else f" About {factor:,g} times the rows would decide it, were there no effect."


def _sentence(finding: Mapping[str, Any]) -> str:
    if finding["outcome"] == "not_estimable":
        return f"{name(finding['id'])}{_about(finding)} is not estimable: {reason(finding['reason'])}."
    worded = _WORDED.get(finding["id"])
    if worded is not None:
        return worded(finding)
    if finding["outcome"] == "lost":
        return f"{subject(finding)}: the group has no synthetic row at all."
    if finding["id"] == "representation.invented_group" and finding["outcome"] == "exceeded":
        share = _points(finding["synthetic"])
        return f"{subject(finding)}: the group is {share} % of the synthetic rows, but real has none or fewer than ten."
    if finding["id"] == "privacy.verbatim_rows":
        fresh, share = _points(finding["real"]), _points(finding["synthetic"])
        return (
            f"{share} % of synthetic rows are found verbatim in real, against {fresh} % of fresh real rows "
            f"(difference {_points(finding['value'])} points, allowed {_points(finding['margin'])})."
        )
    return (
        f"{name(finding['id'])}{_about(finding)}: real {number(finding['real'])}, synthetic {number(finding['synthetic'])}, "
        f"change {signed(finding['value'])} (interval {interval(finding['ci'])}; allowed {number(finding['margin'])}), "
        f"{OUTCOMES.get(finding['outcome'], finding['outcome'])}."
    )


def _about(finding: Mapping[str, Any]) -> str:
    about = subject(finding)
    return f" by {about}" if about else ""


def _points(share: float | None) -> str:
    return "fewer than ten rows, so undisclosed," if share is None else f"{100 * share:.1f}".replace("-", "−")


def _signed_points(share: float) -> str:
    return f"{100 * share:+.1f}".replace("-", "−")


def _gap(finding: Mapping[str, Any]) -> str:
    scope, ends = finding["scope"], finding["ci"]
    first, second = scope["groups"]
    verb = _VERBS.get(finding["outcome"], "may change")
    change = f"{_signed_points(finding['value'])}, interval {_signed_points(ends[0])} to {_signed_points(ends[1])}"
    return (
        f"{scope['target']} {scope['positive']}: the gap between {first} and {second} {verb} from {_points(finding['real'])} "
        f"to {_points(finding['synthetic'])} percentage points ({change}; allowed {_points(finding['margin'])})."
        + _shifted(finding.get("detail", {}).get("base_rate") or {})
    )


def _driver(finding: Mapping[str, Any]) -> str:
    from assaymark_reports import drivers  # which needs this module

    return drivers.sentence(finding)


def _membership(finding: Mapping[str, Any]) -> str:
    who = {"privacy.membership_inference_outliers": "real rows that stand alone", "privacy.membership_inference": "real rows"}
    share = f"{100 * finding['synthetic']:.2g}"
    return (
        f"{subject(finding)}: of {who.get(finding['id'], 'the real rows of this group')}, {share} % are recognised from "
        f"the synthetic rows, where 1 % of strangers are accused wrongly and guessing finds 1 % "
        f"(excess {_points(finding['value'])} points, interval {_points(finding['ci'][0])} to {_points(finding['ci'][1])}, "
        f"allowed {_points(finding['margin'])})."
    )


def _claim(finding: Mapping[str, Any]) -> str:
    claim = finding["detail"]
    said = (
        f"epsilon {number(claim['epsilon'])}, delta {number(claim['delta'])}" if claim["epsilon"] is not None else "no budget"
    )
    if finding["value"] is None:
        return f"The generator claims differential privacy by {claim['mechanism']} ({said}). No attack was held against it."
    verdict = "contradicts the claim" if finding["outcome"] == "exceeded" else "does not contradict it, which proves nothing"
    return (
        f"The generator claims differential privacy by {claim['mechanism']} ({said}). At 1 % wrong accusations that allows "
        f"{_points(finding['real'])} % right ones; the best attack reaches {_points(finding['synthetic'])} % and {verdict}."
    )


def _smallest(finding: Mapping[str, Any]) -> str:
    if finding["real"] is None:
        return "No count of real people is published."
    wanted = finding["detail"]["smallest_allowed"]
    return (
        f"The smallest count of real people that this release publishes is {finding['real']:.0f}; the policy asks for {wanted}."
    )


def _distances(finding: Mapping[str, Any]) -> str:
    return (
        f"{name(finding['id'])}: {number(finding['synthetic'])} for synthetic rows, {number(finding['real'])} for fresh real "
        "ones. Shown, not judged: copies with a few columns shifted are far from real rows, and give those away all the same."
    )


def _shifted(parts: Mapping[str, Any]) -> str:
    """Say what a shifted overall rate does to a gap, where that is half a percentage point or more."""
    if abs(parts.get("due_to_base_rate") or 0.0) < 0.005:  # noqa: PLR2004 - half a point
        return ""
    return (
        f" Of the change {_signed_points(parts['due_to_base_rate'])} points come from a shifted overall rate "
        f"({_points(parts['real'])} % to {_points(parts['synthetic'])} %) and {_signed_points(parts['due_to_association'])} "
        "from the groups."
    )


def _bounds(finding: Mapping[str, Any]) -> str:
    told = finding["detail"]["bounds_synthetic"]
    spans = [
        f"{_signed_points(ends[0])} to {_signed_points(ends[1])} in {name}"
        for name, ends in (("real", finding["detail"]["bounds_real"]), ("synthetic", told))
        if ends is not None
    ]
    first, second = finding["scope"]["groups"]
    reach = " and ".join(spans) or "anywhere, because it is not known how many there are"
    return (
        f"If rows of unknown {' and '.join(finding['scope']['protected'])} were all {first} or {second}, their gap could be "
        f"{reach} (percentage points)."
    )


def _conditional(finding: Mapping[str, Any]) -> str:
    detail, stratum = finding["detail"], finding["scope"]["stratum"]
    return (
        f"{finding['scope']['group']}: the disparity within {stratum} is {number(finding['real'])} in real and "
        f"{number(finding['synthetic'])} in synthetic rows (interval of the change {interval(finding['ci'])}), "
        f"{OUTCOMES.get(finding['outcome'], finding['outcome'])}; {100 * detail['coverage_real']:.0f} % of real rows are in "
        f"strata that can be shown. Whether {stratum} may explain a disparity is a choice of values."
    )


def _multi(finding: Mapping[str, Any]) -> str:
    detail = finding["detail"]
    return (
        f"{name(finding['id'])}{_about(finding)}: cells moved by {number(detail['mean_absolute_change'])}, of which chance "
        f"alone gives {number(detail['expected_by_chance'])}; the rest is {signed(finding['value'])} (interval "
        f"{interval(finding['ci'])}), shown only."
    )


_WORDED: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "bias.demographic_parity_difference": _gap,
    "bias.driver": _driver,
    "bias.unknown_group_bounds": _bounds,
    "bias.conditional_demographic_disparity": _conditional,
    "bias.multi_attribute_amplification": _multi,
    "privacy.membership_inference": _membership,
    "privacy.membership_inference_outliers": _membership,
    "privacy.membership_inference_group": _membership,
    "privacy.dp_claim": _claim,
    "privacy.k_anonymity": _smallest,
    "privacy.distance_to_closest_record": _distances,
    "privacy.nearest_neighbour_distance_ratio": _distances,
}
