"""URLs of the server: which spellings are understood, and how they are shown.

This module must not know redis-py beyond the three schemes that it takes.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from streams.errors import StreamsUrlError

_SCHEMES: Final = {
    "redis": "redis",
    "valkey": "redis",
    "rediss": "rediss",
    "valkeys": "rediss",
    "unix": "unix",
    "redis+unix": "unix",
    "valkey+unix": "unix",
}


def normalised(url: str) -> str:
    """The URL with a scheme that redis-py knows; raises `StreamsUrlError`."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.lower() not in _SCHEMES:
        raise bad_url(url, f"unknown scheme {scheme!r}" if separator else "no scheme")
    try:
        _ = urlsplit(url).port
    except ValueError as error:
        raise bad_url(url, str(error)) from error
    if _SCHEMES[scheme.lower()] == "unix" and not urlsplit(url).path.strip("/"):
        raise bad_url(url, "no path of a socket")
    return f"{_SCHEMES[scheme.lower()]}://{rest}"


def shown(url: str) -> str:
    """The URL as it may be printed: the password hidden, in both places where it can stand."""
    try:
        parts = urlsplit(url)
        user, password = parts.username, parts.password
    except ValueError:
        return re.sub(r"//[^@/]*@", "//***@", url)
    netloc = parts.netloc
    if password is not None:
        netloc = f"{user or ''}:***@{netloc.rpartition('@')[2]}"
    query = urlencode(
        [(name, "***" if "password" in name else value) for name, value in parse_qsl(parts.query)], safe="*/"
    )
    return urlunsplit((parts.scheme, netloc, parts.path, query, parts.fragment))


def bad_url(url: str, problem: str) -> StreamsUrlError:
    return StreamsUrlError(
        f"url = {shown(url)}: {problem}",
        remedy="Write redis://user:password@host:6379/0, rediss:// for TLS, or unix:///path/to/socket.",
    )
