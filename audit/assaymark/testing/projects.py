"""A plugin project that lies in a folder and need not be installed."""

from __future__ import annotations

import importlib
import sys
import tomllib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from assaymark.errors import InputError, PluginFailedError
from assaymark.host.hooks import ENTRY_POINT_GROUP
from assaymark.host.registry import Registry, load_registry
from assaymark.host.specs import Spec
from assaymark.host.states import PluginState, explain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from assaymark.host.registry import Registered

S = TypeVar("S", bound=Spec)

_LARGEST = 2**20  # bytes of a pyproject.toml


@dataclass(frozen=True, slots=True)
class Project:
    """What a plugin's pyproject.toml says.

    Attributes:
        folder: The project.
        name: Name of its distribution.
        version: Its version.
        modules: Modules of its entry points.
    """

    folder: Path
    name: str
    version: str
    modules: tuple[str, ...]


def read_project(folder: Path) -> Project:
    """Read the pyproject.toml of a plugin.

    Raises:
        InputError: When there is none, it cannot be read, or it has no entry point of ours.
    """
    path = folder / "pyproject.toml"
    expected = f'a pyproject.toml with a table [project.entry-points."{ENTRY_POINT_GROUP}"]'
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST + 1)
        project = tomllib.loads(_within_limit(text).decode())["project"]
        points = project["entry-points"][ENTRY_POINT_GROUP]
        modules = tuple(str(target).partition(":")[0] for target in points.values())
        return Project(folder, str(project["name"]), str(project.get("version", "0")), modules)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            "the folder is no plugin project",
            where=str(path),
            found=explain(error),
            expected=expected,
            remedy="Give the folder of a plugin project, or the name of an installed plugin.",
        ) from error


def _within_limit(text: bytes) -> bytes:
    if len(text) > _LARGEST:
        raise ValueError(f"more than {_LARGEST} bytes")
    return text


def registry_of(project: Project) -> Registry:
    """Load the declarations of a project from its folder, beside the installed plugins.

    Raises:
        PluginFailedError: When a module cannot be imported, or a declaration is refused.
    """
    sys.path[:0] = [str(place) for place in (project.folder / "src", project.folder) if place.is_dir()]
    registry = load_registry(extra=[_imported(module) for module in project.modules])
    for info in registry.plugins:
        if info.name in project.modules and info.state is not PluginState.LOADED:
            raise PluginFailedError(
                "a plugin could not be loaded", where=info.name, found=info.reason, remedy="Correct its declaration."
            )
    return registry


def owned(offered: Mapping[str, Registered[S]], project: Project) -> list[Registered[S]]:
    """Return what a project offers of one kind, under the name of its distribution."""
    return [
        replace(each, plugin=replace(each.plugin, distribution=project.name, version=project.version))
        for each in offered.values()
        if each.plugin.name in project.modules
    ]


def _imported(module: str) -> object:
    try:
        return importlib.import_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise PluginFailedError(
            "the declaration of a plugin cannot be imported", where=module, found=explain(error), remedy="Correct the module."
        ) from error
