"""The compose files are what docker reads, where there is no docker to ask."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.house.compose_shape import understood
from tests.house.deployed import COMPOSE, services


@pytest.mark.parametrize("file", COMPOSE, ids=lambda file: file.name)
def test_a_compose_file_has_keys_and_values_of_the_specification(file: Path) -> None:
    assert set(understood(file.read_text("utf-8")).services) == set(services(file))


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("healthcheck:", "healthchek:", "unknown field `healthchek`"),
        ("read_only: true", "read_only: [true]", "Expected `bool`, got `array`"),
        ("read_only: true", "read_only: true\n  read_only: true", "said twice"),
        ("start_period: 1h", "start_period: 3600", "Expected `str | null`, got `int`"),
        ("start_period: 1h", "start_period: an hour", "matching regex"),
        ("service_healthy", "healthy", "Invalid enum value 'healthy'"),
        ("mem_limit: 3g", "mem_limit: 3 gigabytes", "matching regex"),
        ("restart: unless-stopped", "restart: sometimes", "matching regex"),
        ('["CMD", "bash"', '["bash"', "begins with CMD"),
        ("networks: [inside]", "networks: inside", "Expected `array`, got `str`"),
        ("networks: [inside]", "networks: [outside]", "names ['outside']"),
        ('"valkey:/data"', '"valkeys:/data"', "names ['valkeys']"),
        ("${QDRANT_API_KEY:?}", "$QDRANT_API_KEY", "write $$"),
        ("volumes:\n  valkey: {}", "volume:\n  valkey: {}", "unknown field `volume`"),
        ("internal: true", "internal: yes please", "Expected `bool`, got `str`"),
    ],
)
def test_what_docker_would_refuse_or_misread_is_refused(right: str, wrong: str, told: str) -> None:
    text = COMPOSE[-1].read_text("utf-8")
    assert right in text
    with pytest.raises(ValueError, match=re.escape(told)):
        understood(text.replace(right, wrong))
