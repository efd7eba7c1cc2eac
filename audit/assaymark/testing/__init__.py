"""Help for those who test plugins: pytest finds the fixtures by itself once Assaymark is installed.

A conformance test is one call::

    from assaymark.testing import assert_conforms


    def test_conformance():
        assert_conforms("my-generator", config={"steps": 20})
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["assert_conforms"]


def assert_conforms(
    generator: str, *, config: Mapping[str, Any] | None = None, expected_failures: Mapping[str, str] | None = None
) -> None:
    """Hold an installed generator against the conformance kit.

    Args:
        generator: Its name, as given to ``--generator``.
        config: Settings that make its fits short.
        expected_failures: Ids of checks that it is known to fail, each with the reason; one that passes counts as a failure.

    Raises:
        AssertionError: When it does not conform; the message lists what it did instead.
    """
    from assaymark.host.registry import load_registry
    from assaymark.testing.conformance.running import BAD, check_generator

    registered = load_registry().generator(generator)
    report = check_generator(registered, config=config, expected_failures=expected_failures)
    bad = [f"{one.id}: {one.title} {one.message}" for one in report.results if one.status in BAD]
    if not report.conforms:
        raise AssertionError("\n".join([f"{report.ran} checks ran of {report.implied}", *bad]))
