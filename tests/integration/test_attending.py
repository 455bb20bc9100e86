"""A daemon whose minds attend: percepts compete, each is told what became of it, and a killed process
decides nothing anew."""

from __future__ import annotations

from pathlib import Path

from schemas.events import Outcome, Receipt
from tests.integration.support import Client, Daemon, cognition, daemon_on

MIND = "competing"
WEIGHTS = {"keys": 0.5, "kettle": 0.3, "fire": 0.9, "dust": 0.0, "post": 0.6}
BECAME = {
    "keys": Outcome.ENCODED,
    "kettle": Outcome.FORGOTTEN,
    "fire": Outcome.ENCODED,
    "dust": Outcome.ARCHIVED,
    "post": Outcome.FORGOTTEN,
}


def lived(client: Client) -> dict[str, Receipt]:
    """One window in which five things call for attention."""
    entries = {}
    for number, (name, weight) in enumerate(WEIGHTS.items()):
        said = dict.fromkeys(("importance", "relevance", "connection_relevance"), weight)
        at = 1_700_000_000.0 + 0.1 * number
        entries[name] = client.perceive(MIND, f"{name} {name}1 {name}2", key=name, occurred_at=at, **said)
    return {name: client.receipt(MIND, entry) for name, entry in entries.items()}


def outcomes(receipts: dict[str, Receipt]) -> dict[str, Outcome]:
    return {name: receipt.outcome for name, receipt in receipts.items()}


def test_percepts_compete_and_every_one_is_told_what_became_of_it(tmp_path: Path) -> None:
    with daemon_on(tmp_path / "data", COGNITION_ATTENTION__MODES=f"{MIND}=compete") as daemon:
        client = daemon.client()
        receipts = lived(client)
        assert outcomes(receipts) == BECAME
        for receipt in receipts.values():
            assert receipt.parts is not None
            assert (receipt.outcome is Outcome.ENCODED) is (receipt.salience >= receipt.threshold)
            assert receipt.reason or receipt.outcome is Outcome.ENCODED
        plain = client.receipt(
            "retaining", client.perceive("retaining", "dust of another mind", relevance=0.0)
        )
        assert (plain.outcome, plain.threshold) == (Outcome.ENCODED, 0.0)
        daemon.kill()
        daemon.start().ready()
        _as_it_was(daemon, daemon.client(), receipts)


def _as_it_was(daemon: Daemon, client: Client, receipts: dict[str, Receipt]) -> None:
    """After the plug was pulled: winners are recalled, what was archived is there, the rest is not."""
    again = client.receipt(MIND, client.perceive(MIND, "dust once more", key="dust"))
    assert (again.outcome, again.memory_id) == (Outcome.ARCHIVED, receipts["dust"].memory_id)
    data = ("--data", str(daemon.directory), "--mind", MIND, "--json")
    shown = cognition("memory", "show", "dust", *data).json
    assert shown["archived"] is True
    assert cognition("memory", "show", "kettle", *data).code == 1
    status = cognition("status", *data).json
    assert status["memories"] == 2
    assert status["lifetime"]["percepts"] == 6
