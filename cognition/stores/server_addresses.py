"""Where the nodes of a Qdrant server are, and what lets us in: addresses, keys, authorities, as they are set.

Pure but for the files that are named. Must not know a client.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from cognition.errors import SettingsError
from cognition.stores.server_options import ServerOptions

HTTP_PORT: Final = 6333
NODES_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class Address:
    """One node: its URL, and its port of gRPC (0: none)."""

    url: str
    grpc_port: int


def addresses_of(options: ServerOptions) -> list[Address]:
    """The nodes that the setting names. Raises `SettingsError`."""
    urls = [part.strip() for part in options.url.split(",") if part.strip()]
    if not 0 < len(urls) <= NODES_MAX:
        raise _wrong(options.url, f"names {len(urls)} nodes, 1 to {NODES_MAX} are possible")
    return [_address(url, options.grpc_port) for url in urls]


def _address(url: str, grpc_port: int) -> Address:
    try:
        parts = urlsplit(url)
        port = parts.port
        asked = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
        own = int(asked.pop("grpc_port", grpc_port))
    except ValueError as error:
        raise _wrong(url, str(error)) from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _wrong(url, "is no address of a server")
    if asked or not -1 <= own <= 65_535:
        raise _wrong(url, "only grpc_port may follow the question mark, and is a port")
    if parts.username or parts.password:
        raise _wrong(f"{parts.scheme}://***@{parts.hostname}", "holds a secret; set store.api_key instead")
    chosen = port or HTTP_PORT
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    base = f"{parts.scheme}://{host}:{chosen}{parts.path.rstrip('/')}"
    return Address(base, chosen + 1 if own == -1 else own)


def _wrong(url: str, problem: str) -> SettingsError:
    return SettingsError(
        f"setting store.url = {url!r}: {problem}",
        remedy="Write http://127.0.0.1:6333, https:// for TLS; several nodes with commas between them.",
    )


def key_of(options: ServerOptions) -> str | None:
    if not options.api_key_file:
        return options.api_key or None
    try:
        found = Path(options.api_key_file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise _unread(options.api_key_file, _why(error)) from error
    if not found:
        raise _unread(options.api_key_file, "holds nothing")
    return found


def _unread(file: str, problem: str) -> SettingsError:
    return SettingsError(
        f"setting store.api_key_file = {file!r}: {problem}",
        remedy="Name a file that holds the key and may be read.",
    )


def authority_of(options: ServerOptions) -> bytes | None:
    if not options.ca_file:
        return None
    try:
        found = Path(options.ca_file).read_bytes()
        ssl.create_default_context(cadata=found.decode("ascii"))
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"setting store.ca_file = {options.ca_file!r}: {_why(error)}",
            remedy="Name a file with the certificate of the authority, as PEM.",
        ) from error
    return found


def _why(error: Exception) -> str:
    """Without the path, which the setting has named, and the number of the error."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
