"""As much of DER (X.690) as time-stamp responses need around what libraries do: lengths, and the order of sets."""

from __future__ import annotations

_SEQUENCE, _FIRST = 0x30, 0xA0  # tags: SEQUENCE, and [0] in either use
_SHORT = 0x80  # lengths from here on take bytes of their own
_MOST_WIDTH = 4


def encoded(tag: int, content: bytes) -> bytes:
    """Return contents, encoded already, under a tag and a length."""
    size = len(content)
    width = (size.bit_length() + 7) // 8
    length = bytes([size]) if size < _SHORT else bytes([_SHORT | width]) + size.to_bytes(width, "big")
    return bytes([tag]) + length + content


def content_of(element: bytes) -> bytes:
    """Return the content of one element that fills the bytes.

    Raises:
        ValueError: When it is none, or bytes follow it.
    """
    content = _first(element)
    if element != encoded(element[0], content):
        raise ValueError("bytes after an element, or a length that is not in its shortest form")
    return content


def _first(element: bytes) -> bytes:
    if len(element) < 2:  # noqa: PLR2004 - a tag and a length
        raise ValueError("no element")
    width = element[1] & 0x7F if element[1] >= _SHORT else 0
    if width > _MOST_WIDTH:
        raise ValueError("a length that is too long")
    start = 2 + width
    size = int.from_bytes(element[2:start], "big") if width else element[1]
    if start + size > len(element):
        raise ValueError("an element that is cut off")
    return element[start : start + size]


def parts(content: bytes) -> list[bytes]:
    """Return the elements in a content, each whole.

    Raises:
        ValueError: When it cannot be taken apart.
    """
    found: list[bytes] = []
    while content:
        whole = encoded(content[0], _first(content))
        if not content.startswith(whole):
            raise ValueError("a length that is not in its shortest form")
        found.append(whole)
        content = content[len(whole) :]
    return found


def with_sorted_certificates(response: bytes) -> bytes:
    """Return a time-stamp response whose certificates stand each once, in the order of DER.

    Many authorities send them leaf first, or one twice, which DER does not allow and strict readers refuse. Nothing signs
    their order. What has not the form of a response with a token comes back as it is.
    """
    try:
        return _tidied(response)
    except (ValueError, IndexError):
        return response


def _tidied(response: bytes) -> bytes:
    status, token = parts(content_of(response))
    kind, wrapped = parts(content_of(token))
    version, digests, info, certificates, *rest = parts(content_of(content_of(wrapped)))
    if certificates[0] != _FIRST:
        raise ValueError("no certificates")
    ordered = encoded(_FIRST, b"".join(sorted(set(parts(content_of(certificates))))))
    signed = encoded(_SEQUENCE, b"".join([version, digests, info, ordered, *rest]))
    return encoded(_SEQUENCE, status + encoded(_SEQUENCE, kind + encoded(_FIRST, signed)))
