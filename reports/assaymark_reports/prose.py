"""Texts that stand in every report, whatever its format."""

from __future__ import annotations

FAMILIES = {
    "bias": "Bias",
    "representation": "Representation",
    "fidelity": "Fidelity",
    "utility": "Utility",
    "privacy": "Privacy",
}
DRIVERS = (
    "Each gap that moved, taken apart so that the parts add up to the change. Columns are taken one at a time, so what two of "
    "them account for overlaps. This tells what goes with the change; no audit of data can tell what caused it."
)
MODELS = (
    "Each learner is trained on real, on synthetic, and on real and synthetic rows together, and always tested on the holdout. "
    "Change: against the same learner trained on real rows, with its interval."
)
CHECKING = (
    "Run “assaymark verify” on the release folder. It checks every signature and byte, and computes every selection rate, "
    "every representation number, and the classifiers' group metrics, again from cubes.json. What needs rows (what drives a "
    "change, missing values, proxies, fidelity, privacy, other utility numbers) is signed, not recomputable."
)
LIMITS = (
    (
        "Law",
        (
            "margins are triggers for review, not legal limits. This report is evidence relevant to an assessment; it is no "
            "statement of compliance"
        ),
    ),
    (
        "Small groups",
        "real counts under the smallest publishable count are pooled before anything is computed, so they have no rate here",
    ),
)
TERMS = (
    (
        "Demographic parity difference",
        (
            "Selection rate of one group minus that of another. The pair is the groups with the highest and the lowest rate in "
            "real rows."
        ),
    ),
    (
        "Impact ratio",
        "The lower of those rates divided by the higher. Its change is given as the logarithm of synthetic over real.",
    ),
    (
        "Directional bias amplification",
        "Change of P(outcome | group), A→T, and of P(group | outcome), T→A, in the direction of the bias in real rows.",
    ),
    (
        "Log disparity",
        "Logarithm of the odds of belonging to a group among synthetic rows over those among real rows.",
    ),
    ("Holdout", "Real rows that the generator never saw: the yardstick for chance."),
    (
        "Allowed",
        "The larger of the policy's margin and what two samples of real people would differ by in 95 of 100 cases.",
    ),
    ("Not estimable", "The data cannot answer. It is never counted as no bias."),
)


def family(name: str) -> str:
    """Return the name of a family of findings; that of a plugin is called by its id."""
    return FAMILIES.get(name, name.capitalize())
