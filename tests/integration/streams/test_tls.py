"""A stream server behind TLS: reached with the authority that signed it, refused without.

The embedded server listens on a socket of the file system; a listener in front of it ends TLS with a
certificate of its own (`tls/`, valid for localhost, for these tests alone).
"""

import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.tls import TLSListener

from schemas.percept import Percept
from streams.client import connect, wait_until_ready, where
from streams.errors import StreamsUnavailableError
from streams.producer import Producer

TLS = Path(__file__).with_name("tls")
GONE = (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError)


async def carry(source: ByteStream, sink: ByteStream, both: anyio.CancelScope) -> None:
    """All bytes of one direction; where it ends, both end."""
    with contextlib.suppress(*GONE):
        while True:
            await sink.send(await source.receive())
    both.cancel()


@asynccontextmanager
async def behind_tls(socket: str) -> AsyncIterator[int]:
    """A port on localhost where TLS ends, before the server of this socket."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(TLS / "certificate.pem", TLS / "key.pem")
    plain = await anyio.create_tcp_listener(local_host="127.0.0.1")
    listener = TLSListener(plain, context, standard_compatible=False)

    async def relay(client: ByteStream) -> None:
        async with client, await anyio.connect_unix(socket) as server, anyio.create_task_group() as group:
            group.start_soon(carry, client, server, group.cancel_scope)
            group.start_soon(carry, server, client, group.cancel_scope)

    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, relay)
        yield plain.listeners[0].extra(SocketAttribute.local_port)
        group.cancel_scope.cancel()


@pytest.mark.usefixtures("disturbed")
async def test_a_server_behind_tls_is_spoken_to_by_a_user_of_its_own(server_url, client, keys) -> None:
    rights = ("on", ">right", "~*", "+@all")
    await client.execute_command("ACL", "SETUSER", "writer", *rights)
    async with behind_tls(server_url.removeprefix("unix://")) as port:
        url = f"rediss://writer:right@localhost:{port}?ssl_ca_certs={TLS / 'certificate.pem'}"
        secured = connect(url)
        await wait_until_ready(secured, within_s=5.0)
        await Producer(secured, keys).publish(Percept(mind="ada", content="It rains."), "ada")
        assert where(secured) == f"rediss://writer@localhost:{port}/0"
        await secured.aclose()
    assert await client.xlen(keys.stream(keys.partition_of("ada"), "awake")) == 1
    await client.execute_command("ACL", "DELUSER", "writer")


@pytest.mark.usefixtures("disturbed")
async def test_a_certificate_that_nobody_vouches_for_is_refused_and_said(server_url) -> None:
    async with behind_tls(server_url.removeprefix("unix://")) as port:
        stranger = connect(f"rediss://localhost:{port}")
        with pytest.raises(StreamsUnavailableError, match="certificate verify failed"):
            await wait_until_ready(stranger, within_s=0.1)
        await stranger.aclose()
