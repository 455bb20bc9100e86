"""What an operator asks of Qdrant's nodes, above all once one has lost its disk. Standard library alone.

It runs where a daemon runs, with that one's addresses, key and authority: `COGNITION_STORE__URL` or
`QDRANT_URL`, `COGNITION_STORE__API_KEY_FILE`, `COGNITION_STORE__API_KEY` or `QDRANT_API_KEY`,
`COGNITION_STORE__CA_FILE`.

    docker compose -f deploy/compose.cluster.yaml exec -T daemon-0 python - show < deploy/nodes.py
    kubectl -n cognition exec -i cognition-0 -- python - show < deploy/nodes.py

show             which peer each node is, and where shards lie that have too few replicas
forget PEER      take a peer out of the cluster that will not come back; refused where it has the only replica
replicate        a replica on another peer for each shard that has too few, one after the other
metrics          Qdrant's own figures of each node
ask METHOD PATH [JSON]   anything else, of one that answers
"""

from __future__ import annotations

import functools
import http.client
import json
import os
import ssl
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PORT = 6333
WITHIN_S = 30.0
"""For one answer: the vendor waits 10 s for an agreement of the peers."""

AGREED_WITHIN_S = 60.0
"""After the loss of a peer the others first elect who leads them."""

COPIED_WITHIN_S = 86_400.0
PAUSE_S = 1.0
USAGE = 2


class NoAnswerError(Exception):
    """A node, or all of them, cannot be asked, or refuse."""


def setting(name: str, known: str = "") -> str:
    """As the daemon reads it: ours over the name that others know it by, too."""
    return os.environ.get(f"COGNITION_STORE__{name}") or os.environ.get(known, "")


def addresses() -> list[str]:
    named = [url.strip() for url in setting("URL", "QDRANT_URL").split(",") if url.strip()]
    if not named:
        raise NoAnswerError("no node is named: set COGNITION_STORE__URL, such as http://qdrant-0:6333")
    return [address(url) for url in named]


def address(url: str) -> str:
    parts = urllib.parse.urlsplit(url)
    place = parts.netloc if parts.port else f"{parts.netloc}:{PORT}"
    return f"{parts.scheme}://{place}{parts.path.rstrip('/')}"


def key() -> str:
    file = setting("API_KEY_FILE")
    try:
        return Path(file).read_text("utf-8").strip() if file else setting("API_KEY", "QDRANT_API_KEY")
    except OSError as error:
        raise NoAnswerError(f"COGNITION_STORE__API_KEY_FILE = {file} cannot be read: {error}") from error


@functools.cache
def authority() -> ssl.SSLContext:
    """Whom a certificate has to be signed by; the machine's own authorities, where none is named."""
    file = setting("CA_FILE")
    try:
        return ssl.create_default_context(cafile=file or None)
    except OSError as error:
        raise NoAnswerError(f"COGNITION_STORE__CA_FILE = {file} is no certificate: {error}") from error


def asked(url: str, method: str, path: str, body: object = None) -> bytes:
    """What one node answers."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"api-key": key(), "content-type": "application/json"}
    request = urllib.request.Request(url + path, data, headers, method=method)
    trusted = authority()
    try:
        with urllib.request.urlopen(request, timeout=WITHIN_S, context=trusted) as answer:
            found: bytes = answer.read()
            return found
    except urllib.error.HTTPError as error:
        raise NoAnswerError(f"{url} refuses {method} {path}: {error.read().decode()[:500]}") from error
    except OSError as error:
        raise NoAnswerError(f"{url} does not answer: {error}") from error
    except http.client.HTTPException as error:
        raise NoAnswerError(f"{url} answers with what is no HTTP: https:// where it speaks TLS") from error


def result(url: str, method: str, path: str, body: object = None) -> Any:
    """What one node answers, out of its envelope."""
    answer = asked(url, method, path, body)
    try:
        return json.loads(answer)["result"]
    except (ValueError, KeyError, TypeError) as error:
        said = answer.decode(errors="replace")[:500]
        raise NoAnswerError(f"{url} answers {method} {path} without a result: {said}") from error


def place(url: str) -> dict[str, Any]:
    """Which peer one node is, and whom it knows."""
    found: dict[str, Any] = result(url, "GET", "/cluster")
    if "peer_id" not in found:
        raise NoAnswerError(f"{url} is in no cluster: it was started without QDRANT__CLUSTER__ENABLED")
    return found


def told(method: str, path: str, body: object = None) -> Any:
    """What a member of the cluster answers, the first that has a leader: a node that was started on an empty
    disk may be in a cluster of its own."""
    problem = NoAnswerError("no node is named")
    for url in members():
        try:
            return result(url, method, path, body)
        except NoAnswerError as error:
            problem = error
    raise problem


def members() -> list[str]:
    """The nodes that answer, those that know the most peers. Raises where none does."""
    known: dict[str, int] = {}
    problem: NoAnswerError | None = None
    for url in addresses():
        try:
            known[url] = len(result(url, "GET", "/cluster").get("peers", ()))
        except NoAnswerError as error:
            problem = error
    if problem is not None and not known:
        raise problem
    return [url for url, peers in known.items() if peers == max(known.values())]


def peers() -> dict[int, str]:
    """The address of each peer that the cluster knows."""
    found = told("GET", "/cluster").get("peers", {})
    return {int(peer): facts["uri"] for peer, facts in sorted(found.items(), key=lambda each: int(each[0]))}


def shards() -> Iterator[tuple[str, int, int, dict[int, str]]]:
    """Of each shard its collection, number, how many replicas it is to have, and its state on each peer."""
    for each in told("GET", "/collections")["collections"]:
        name = each["name"]
        factor = told("GET", f"/collections/{name}")["config"]["params"].get("replication_factor") or 1
        found = told("GET", f"/collections/{name}/cluster")
        where: dict[int, dict[int, str]] = {}
        for local in found["local_shards"]:
            where.setdefault(local["shard_id"], {})[found["peer_id"]] = local["state"]
        for remote in found["remote_shards"]:
            where.setdefault(remote["shard_id"], {})[remote["peer_id"]] = remote["state"]
        for number, states in sorted(where.items()):
            yield name, number, factor, states


def serving(states: dict[int, str]) -> list[int]:
    return sorted(peer for peer, state in states.items() if state == "Active")


def show() -> None:
    for url in addresses():
        try:
            found = place(url)
            print(f"{url}  is peer {found['peer_id']}, knows {len(found['peers'])}")
        except NoAnswerError as error:
            print(f"BAD  {error}")
    for peer, uri in peers().items():
        print(f"peer {peer}  {uri}")
    for name, number, factor, states in shards():
        if len(serving(states)) < factor:
            print(f"BAD  {name}, shard {number}: serves on {serving(states)}, is to be on {factor} peers")


def forget(peer: int) -> None:
    for url in members():
        if place(url)["peer_id"] == peer:
            raise NoAnswerError(f"{url} is peer {peer}, and answers: it is not lost")
    if peer not in peers():
        raise NoAnswerError(f"the cluster knows no peer {peer}: its peers are {list(peers())}")
    for name, number, _, states in shards():
        if serving(states) == [peer]:
            raise NoAnswerError(
                f"{name}, shard {number}: only peer {peer} has it whole. Bring it back, or restore"
            )
    until = time.monotonic() + AGREED_WITHIN_S
    while True:
        try:
            told("DELETE", f"/cluster/peer/{peer}?force=true")
            break
        except NoAnswerError:
            if time.monotonic() > until:
                raise
            time.sleep(PAUSE_S)
    print(f"peer {peer} is forgotten; start its node with an empty disk, then replicate")


def replicate() -> None:
    for name, number, factor, states in shards():
        while len(states) < factor:
            known = list(peers())
            free = [peer for peer in known if peer not in states]
            if not free or not serving(states):
                raise NoAnswerError(
                    f"{name}, shard {number}: serves on {serving(states)} of {known}; a peer is missing"
                )
            everywhere = [each for _, _, _, each in shards()]
            target = min(free, key=lambda peer: sum(peer in each for each in everywhere))
            operation = {"shard_id": number, "from_peer_id": serving(states)[0], "to_peer_id": target}
            told("POST", f"/collections/{name}/cluster", {"replicate_shard": operation})
            states = copied(name, number, target)
            print(f"{name}, shard {number}: on {serving(states)}")


def copied(name: str, number: int, target: int) -> dict[int, str]:
    """Wait until the target serves this shard, and all that serve it."""
    until = time.monotonic() + COPIED_WITHIN_S
    while time.monotonic() < until:
        states = next(s for n, shard, _, s in shards() if (n, shard) == (name, number))
        moving = told("GET", f"/collections/{name}/cluster")["shard_transfers"]
        if states.get(target) == "Active":
            return states
        if target not in states and not moving:
            raise NoAnswerError(f"{name}, shard {number}: copying to {target} was given up; the log says why")
        time.sleep(PAUSE_S)
    raise NoAnswerError(f"{name}, shard {number}: is not on {target} after {COPIED_WITHIN_S:g} s")


def metrics() -> None:
    """Of those that answer; then who does not."""
    away = []
    for url in addresses():
        try:
            print(f"# {url}\n{asked(url, 'GET', '/metrics').decode()}")
        except NoAnswerError as error:
            away.append(str(error))
    if away:
        raise NoAnswerError("\n".join(away))


def ask(method: str, path: str, body: str = "null") -> None:
    try:
        given = json.loads(body)
    except ValueError as error:
        raise NoAnswerError(f"{body} is no JSON: {error}") from error
    print(json.dumps(told(method, path, given), indent=2))


def main(words: list[str]) -> int:
    try:
        match words:
            case ["show"]:
                show()
            case ["forget", peer] if peer.isdecimal():
                forget(int(peer))
            case ["replicate"]:
                replicate()
            case ["ask", method, path, *body] if len(body) < 2:
                ask(method, path, *body)
            case ["metrics"]:
                metrics()
            case _:
                print(__doc__, file=sys.stderr)
                return USAGE
    except NoAnswerError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
