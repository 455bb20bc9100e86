"""What lies in `deploy/`, read: for the tests of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
COMPOSE = sorted(DEPLOY.glob("compose*.yaml"))
KUBERNETES = sorted(DEPLOY.glob("kubernetes/*.yaml"))
JOBS = [file for file in sorted(DEPLOY.glob("kubernetes/jobs/*.yaml")) if file.name != "kustomization.yaml"]
OURS = "tmi-cognition"


def documents(file: Path) -> list[dict[str, Any]]:
    return [each for each in yaml.safe_load_all(file.read_text("utf-8")) if each]


def services(file: Path) -> dict[str, dict[str, Any]]:
    (tree,) = documents(file)
    return tree["services"]


def runbook() -> str:
    return (DEPLOY / "RUNBOOK.md").read_text("utf-8")


def workloads() -> Iterator[dict[str, Any]]:
    for file in KUBERNETES:
        yield from (each for each in documents(file) if each["kind"] in ("StatefulSet", "Deployment"))


def containers() -> Iterator[dict[str, Any]]:
    for each in workloads():
        yield from each["spec"]["template"]["spec"]["containers"]
