"""Whether what a plugin declares keeps the contract: types, names, dotted names, finding ids, file names."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from assaymark.host.specs import Capabilities, CheckSpec, Family, GeneratorSpec, RendererSpec, SignerSpec, Spec
from assaymark.tables.schema import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS: dict[str, type[Spec]] = {
    "assaymark_generators": GeneratorSpec,
    "assaymark_checks": CheckSpec,
    "assaymark_renderers": RendererSpec,
    "assaymark_signers": SignerSpec,
}
NOUNS: dict[type[Spec], str] = {
    GeneratorSpec: "generator",
    CheckSpec: "check",
    RendererSpec: "renderer",
    SignerSpec: "signer",
}

RESERVED_FILES = frozenset(
    {"synthetic.csv", "synthetic.parquet", "audit.json", "cubes.json", "policy.toml", "release.json", "comparison.json"}
)

_MOST = 200  # declarations of one hook; a generator function that never ends must not hang the host
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")
_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class DeclarationError(Exception):
    """A declaration breaks the contract; its text is the one-line reason."""


def collect(hook: str, returned: Any) -> tuple[Spec, ...]:
    """Return what a hook declared, checked.

    Raises:
        DeclarationError: When it returned anything else than specs that keep the contract.
    """
    wanted = KINDS[hook]
    if returned is None or isinstance(returned, str | bytes | dict):
        raise DeclarationError(f"{hook} returned {type(returned).__name__}, not an iterable of {wanted.__name__}")
    try:
        iterator = iter(returned)
    except TypeError:
        raise DeclarationError(f"{hook} returned {type(returned).__name__}, not an iterable of {wanted.__name__}") from None
    specs: tuple[Any, ...] = tuple(islice(iterator, _MOST + 1))
    if len(specs) > _MOST:
        raise DeclarationError(f"{hook} declares more than {_MOST} items")
    for spec in specs:
        if not isinstance(spec, wanted):
            raise DeclarationError(f"{hook} returned an item of type {type(spec).__name__}, not {wanted.__name__}")
        _CHECKS[wanted](spec)
    return specs


# what a plugin declares may be anything, whatever its annotations say; so these look at Any


def _common(spec: Any) -> None:
    if not isinstance(spec.name, str) or not _NAME.fullmatch(spec.name):
        raise DeclarationError(f"{spec.name!r:.80} is not a valid name (lower-case letters, digits, - and _)")
    if not isinstance(spec.summary, str) or len(spec.summary.splitlines()) != 1:
        raise DeclarationError(f"{spec.name}: the summary is not one line of text")
    _dotted(spec.name, "factory", spec.factory)


def _dotted(name: str, field: str, value: Any) -> None:
    if not isinstance(value, str) or not _DOTTED.fullmatch(value):
        raise DeclarationError(f"{name}: {field} {value!r:.80} is not a dotted name of the form module:attribute")


def _generator(spec: Any) -> None:
    _common(spec)
    _dotted(spec.name, "config", spec.config)
    if not isinstance(spec.capabilities, Capabilities):
        raise DeclarationError(f"{spec.name}: capabilities are of type {type(spec.capabilities).__name__}, not Capabilities")
    kinds: Any = spec.capabilities.kinds
    if not kinds or not all(isinstance(kind, Kind) for kind in kinds):
        raise DeclarationError(f"{spec.name}: capabilities.kinds must name at least one Kind, and nothing else")


def _check(spec: Any) -> None:
    _common(spec)
    if not isinstance(spec.family, Family):
        raise DeclarationError(f"{spec.name}: family {spec.family!r:.80} is not one of " + ", ".join(Family))
    if not isinstance(spec.ids, tuple) or not spec.ids:
        raise DeclarationError(f"{spec.name}: ids must be a tuple that names at least one finding")
    for identifier in spec.ids:
        if not isinstance(identifier, str) or not _IDENTIFIER.fullmatch(identifier):
            raise DeclarationError(f"{spec.name}: {identifier!r:.80} is not a valid finding id")
        if not identifier.startswith(f"{spec.family.value}."):
            raise DeclarationError(f"{spec.name}: the id {identifier} does not begin with its family {spec.family.value}")
    if len(set(spec.ids)) != len(spec.ids):
        raise DeclarationError(f"{spec.name}: an id occurs twice")


def _renderer(spec: Any) -> None:
    _common(spec)
    if not isinstance(spec.filename, str) or not _FILE.fullmatch(spec.filename) or spec.filename.endswith("."):
        raise DeclarationError(f"{spec.name}: {spec.filename!r:.80} is not a plain file name")
    if spec.in_release and (spec.filename.lower() in RESERVED_FILES or spec.filename.lower().endswith(".c2pa")):
        raise DeclarationError(f"{spec.name}: a release keeps the file name {spec.filename} for itself")
    if not isinstance(spec.media_type, str) or "/" not in spec.media_type:
        raise DeclarationError(f"{spec.name}: {spec.media_type!r:.80} is not a media type")


_CHECKS: dict[type[Spec], Callable[[Any], None]] = {
    GeneratorSpec: _generator,
    CheckSpec: _check,
    RendererSpec: _renderer,
    SignerSpec: _common,
}


def claims(spec: Spec) -> tuple[str, ...]:
    """Return what only one plugin may have: the name within its kind, finding ids, the file name in a release."""
    taken = [f"the {NOUNS[type(spec)]} {spec.name}"]
    if isinstance(spec, CheckSpec):
        taken += [f"the finding {identifier}" for identifier in spec.ids]
    if isinstance(spec, RendererSpec) and spec.in_release:
        taken.append(f"the release file {spec.filename.lower()}")
    return tuple(taken)
