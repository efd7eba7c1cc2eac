"""Writing a plugin project from templates that ship with the package."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from assaymark.errors import OptionError, OutputExistsError
from assaymark.host.hooks import ENTRY_POINT_GROUP
from assaymark.pipeline.staging import staged_folder

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

KINDS = ("generator", "check", "renderer", "signer")
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST = 60
_SUFFIX = ".jinja"


@dataclass(frozen=True, slots=True)
class NewPlugin:
    """A project to write.

    Attributes:
        name: Name of the distribution and of what it offers: lower-case words joined by hyphens.
        kind: One of :data:`KINDS`.
    """

    name: str
    kind: str

    @property
    def module(self) -> str:
        """Name of its package."""
        return self.name.replace("-", "_")

    @property
    def title(self) -> str:
        """Name of its class."""
        return "".join(word.capitalize() for word in self.name.split("-"))


def write_project(plugin: NewPlugin, folder: Path) -> tuple[Path, ...]:
    """Write a complete project into a folder that does not exist, or nothing at all.

    Returns:
        The files, by their path below ``folder``.

    Raises:
        OptionError: When the name cannot be that of a distribution and a module.
        OutputExistsError: When the folder exists.
        OutputError: When it cannot be written.
    """
    if not _NAME.fullmatch(plugin.name) or len(plugin.name) > _LONGEST:
        raise OptionError(
            "the name of a plugin cannot be used", found=repr(plugin.name)[:80], expected="lower-case words joined by hyphens"
        )
    if folder.exists():
        raise OutputExistsError("the folder exists", where=str(folder), remedy="Choose another one with --out.")
    with staged_folder(folder, force=False) as stage:
        return tuple(sorted(_write(plugin, stage, *each) for each in _templates(plugin.kind)))


def _templates(kind: str) -> list[tuple[tuple[str, ...], Traversable]]:
    found: list[tuple[tuple[str, ...], Traversable]] = []
    for part in ("common", kind):
        _walk(files("assaymark.scaffold") / "templates" / part, (), found)
    return found


def _walk(folder: Traversable, above: tuple[str, ...], found: list[tuple[tuple[str, ...], Traversable]]) -> None:
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        if entry.is_dir():
            _walk(entry, (*above, entry.name), found)
        elif entry.name.endswith(_SUFFIX):
            found.append(((*above, entry.name), entry))


def _write(plugin: NewPlugin, whole: Path, parts: tuple[str, ...], template: Traversable) -> Path:
    import jinja2

    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True, autoescape=False)  # noqa: S701 - code, not HTML
    path = Path(*(part.removesuffix(_SUFFIX).replace("MODULE", plugin.module).replace("DOT", ".") for part in parts))
    text = environment.from_string(template.read_text(encoding="utf-8")).render(
        name=plugin.name, kind=plugin.kind, module=plugin.module, title=plugin.title, group=ENTRY_POINT_GROUP
    )
    (whole / path).parent.mkdir(parents=True, exist_ok=True)
    (whole / path).write_text(text, encoding="utf-8")
    return path
