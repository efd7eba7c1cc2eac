"""Names of file formats, such as ``assaymark-encoder/2``, and what to say of one that is not ours."""

from __future__ import annotations

from assaymark.errors import ModelFolderError


def check_format(found: object, expected: str, where: str) -> None:
    """Refuse a saved file of another format.

    Raises:
        ModelFolderError: When ``found`` is not ``expected``; says so when it is a newer edition of it.
    """
    if found == expected:
        return
    name, _, edition = expected.rpartition("/")
    known, _, other = str(found).rpartition("/")
    newer = known == name and other.isdecimal() and int(other) > int(edition)
    raise ModelFolderError(
        "the model was saved by a newer version" if newer else "the model is of another edition",
        where=where,
        found=str(found)[:100],
        expected=expected,
        remedy="Upgrade Assaymark, or fit the model again." if newer else "Fit the model again.",
    )
