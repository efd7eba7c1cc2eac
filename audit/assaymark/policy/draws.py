"""How many random draws a policy may ask for: as many as whoever verifies the release will compute again, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assaymark.cubes.published import PublishedCubes
    from assaymark.errors import AssaymarkError
    from assaymark.policy.model import Policy

DRAWS_LIMIT = 2**25  # draws times groups: some 2 GB


def check_draws(cubes: PublishedCubes, policy: Policy, error: type[AssaymarkError], where: str) -> None:
    """Refuse what would take more memory to draw than an audit may take; its author chose both the draws and the groups.

    Raises:
        error: When the groups of one table, times the draws, are more than :data:`DRAWS_LIMIT`.
    """
    within = [scope for strata in cubes.strata for scope in (strata.total, *strata.inner)]
    most = max((len(scope.real.groups) + 1 for scope in (*cubes.scopes, *within)), default=0)
    if most * policy.draws > DRAWS_LIMIT:
        raise error(
            "the policy asks for more random draws than a verifier computes again",
            where=where,
            found=f"{policy.draws} draws of {most} groups",
            expected=f"at most {DRAWS_LIMIT} together",
            remedy=f"Set draws to at most {DRAWS_LIMIT // most} in the policy, or name fewer protected columns or strata.",
        )
