"""URLs of the server: which spellings are understood, and how they are shown.

This module must not know redis-py beyond the three schemes that it takes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

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

_SEVERAL: Final = re.compile(
    r"(?:redis|valkey)(?P<tls>s?)\+(?P<kind>sentinel|cluster)://(?P<rest>.*)", re.I | re.S
)

PORTS: Final = {"sentinel": 26_379, "cluster": 6_379}
NODES_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class Several:
    """A server of several nodes: what asks sentinels for the primary of a service, or a cluster.

    `replicas` that must have what was published before it counts as taken; `copied_within_s` how long
    that is waited for.
    """

    kind: Literal["sentinel", "cluster"]
    nodes: tuple[tuple[str, int], ...]
    service: str = ""
    db: int = 0
    username: str | None = None
    password: str | None = None
    sentinel_username: str | None = None
    sentinel_password: str | None = None
    tls: bool = False
    ca_file: str | None = None
    replicas: int = 1
    copied_within_s: float = 5.0


def several(url: str) -> Several | None:
    """What a URL of several nodes says; None for one of a single server. Raises `StreamsUrlError`.

    ``redis+sentinel://user:password@host:26379,host:26379/service/0`` and
    ``redis+cluster://user:password@host:6379,host:6379``, with rediss for TLS.
    """
    found = _SEVERAL.match(url)
    if found is None:
        return None
    rest, _, query = found["rest"].partition("?")
    credentials, _, places = rest.rpartition("@")
    hosts, _, path = places.partition("/")
    user, colon, password = credentials.partition(":")
    kind: Literal["sentinel", "cluster"] = "sentinel" if found["kind"].lower() == "sentinel" else "cluster"
    service, _, db = path.partition("/")
    if (kind == "sentinel") != bool(service):
        raise bad_url(
            url, "no service is named after the hosts" if kind == "sentinel" else "a cluster has no path"
        )
    try:
        options = dict(parse_qsl(query, strict_parsing=bool(query)))
        place = Several(
            kind=kind,
            nodes=tuple(_node(part, PORTS[kind]) for part in hosts.split(",")[:NODES_MAX]),
            service=unquote(service),
            db=int(db or 0),
            username=unquote(user) or None,
            password=unquote(password) if colon else None,
            sentinel_username=options.pop("sentinel_username", None),
            sentinel_password=options.pop("sentinel_password", None),
            tls=bool(found["tls"]),
            ca_file=options.pop("ssl_ca_certs", None),
            replicas=int(options.pop("replicas", 1)),
            copied_within_s=float(options.pop("copied_within_s", 5.0)),
        )
    except ValueError as error:
        raise bad_url(url, str(error)) from error
    if options:
        raise bad_url(url, f"unknown option {min(options)!r}")
    return place


def _node(text: str, port: int) -> tuple[str, int]:
    parts = urlsplit(f"//{text}")
    if not parts.hostname:
        raise ValueError(f"{text!r} is no host and port")
    return parts.hostname, parts.port or port


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
    if _SEVERAL.match(url):
        hidden = re.sub(r"(password=)[^&]*", r"\1***", url)
        return re.sub(r"://([^:@/?]*):[^@]*@", r"://\1:***@", hidden)
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
        remedy="Write redis://user:password@host:6379/0, rediss:// for TLS, unix:///path/to/socket, "
        "redis+sentinel://host:26379,host:26379/service, or redis+cluster://host:6379,host:6379.",
    )
