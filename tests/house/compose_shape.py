"""The part of the Compose Specification that our files use, for where no docker can be asked.

A key that is not here is refused as a wrong one would be: add it with its shape from the specification's own
schema (compose-spec/compose-spec, schema/compose-spec.json). Where that has several shapes one is ours: lists
of words for what is run, and no string in place of a truth value.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import msgspec
import yaml

Duration = Annotated[str, msgspec.Meta(pattern=r"^(\d+(us|ms|s|m|h))+$")]
Size = Annotated[str, msgspec.Meta(pattern=r"^\d+(b|k|kb|m|mb|g|gb)$")]
Port = Annotated[str, msgspec.Meta(pattern=r"^(([\d.]+:)?\d+:)?\d+$")]
Volume = Annotated[str, msgspec.Meta(pattern=r"^[\w./-]+:/[\w./-]*(:r[ow])?$")]
Scalar = str | int | float | bool | None

INTERPOLATED = re.compile(r"\$\$|\$\{\w+(:?[-?+][^{}]*)?\}")
"""What we mean docker to replace. A `$other` that is meant for a shell it replaces too, mostly by nothing."""


class Shape(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mapping of the specification; keys that begin with x- are anybody's."""


class Build(Shape, frozen=True):
    context: str
    dockerfile: str | None = None
    args: dict[str, Scalar] | None = None
    target: str | None = None


class Dependency(Shape, frozen=True):
    condition: Literal["service_started", "service_healthy", "service_completed_successfully"]
    restart: bool = False
    required: bool = True


class HealthCheck(Shape, frozen=True):
    test: list[str]
    interval: Duration | None = None
    timeout: Duration | None = None
    start_period: Duration | None = None
    start_interval: Duration | None = None
    retries: int | None = None

    def __post_init__(self) -> None:
        if self.test[:1] not in (["CMD"], ["CMD-SHELL"], ["NONE"]):
            raise ValueError(f"healthcheck.test begins with CMD, CMD-SHELL or NONE, not {self.test[:1]}")
        if self.test[0] == "CMD-SHELL" and len(self.test) != 2:
            raise ValueError("healthcheck.test has one line of shell after CMD-SHELL")


class Logging(Shape, frozen=True):
    driver: str
    options: dict[str, str | int | float | None] = {}


class Service(Shape, frozen=True):
    image: str
    build: Build | None = None
    command: list[str] | None = None
    user: str | None = None
    hostname: str | None = None
    environment: dict[str, Scalar] = {}
    volumes: list[Volume] = []
    tmpfs: list[str] = []
    networks: list[str] = []
    ports: list[Port] = []
    expose: list[str | int] = []
    depends_on: dict[str, Dependency] = {}
    healthcheck: HealthCheck | None = None
    restart: Annotated[str, msgspec.Meta(pattern=r"^(no|always|on-failure(:\d+)?|unless-stopped)$")] = "no"
    stop_grace_period: Duration | None = None
    mem_limit: Size | int | None = None
    read_only: bool = False
    cap_drop: list[str] = []
    security_opt: list[str] = []
    logging: Logging | None = None


class Network(Shape, frozen=True):
    driver: str | None = None
    internal: bool = False


class NamedVolume(Shape, frozen=True):
    driver: str | None = None


class Compose(Shape, frozen=True):
    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    services: dict[str, Service]
    networks: dict[str, Network | None] = {}
    volumes: dict[str, NamedVolume | None] = {}

    def __post_init__(self) -> None:
        for name, service in self.services.items():
            named = {volume.partition(":")[0] for volume in service.volumes}
            for wanted, there in (
                (set(service.depends_on), set(self.services) - {name}),
                (set(service.networks), set(self.networks)),
                ({each for each in named if each[0] not in "./"}, set(self.volumes)),
            ):
                if missing := wanted - there:
                    raise ValueError(f"service {name} names {sorted(missing)}, there are {sorted(there)}")


def understood(text: str) -> Compose:
    """A compose file as docker would read it.

    Raises `ValueError`, of `msgspec` with the path of what is wrong.
    """
    _refuse_twins(yaml.compose(text, yaml.SafeLoader))
    tree = _without_extensions(yaml.safe_load(text))
    for word in _words(tree):
        if "$" in INTERPOLATED.sub("", word):
            raise ValueError(f"{word!r} has a $ that docker would replace: write $$")
    return msgspec.convert(tree, Compose)


def _refuse_twins(node: yaml.Node) -> None:
    """The YAML library takes the last of two equal keys, docker takes neither."""
    for child in node.value if isinstance(node, yaml.CollectionNode) else []:
        for each in child if isinstance(child, tuple) else (child,):
            _refuse_twins(each)
    if isinstance(node, yaml.MappingNode):
        keys = [key.value for key, _ in node.value]
        if twins := {key for key in keys if keys.count(key) > 1}:
            raise ValueError(f"{sorted(twins)} are said twice, {str(node.start_mark).strip()}")


def _without_extensions(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {
            key: _without_extensions(value) for key, value in tree.items() if not str(key).startswith("x-")
        }
    return [_without_extensions(each) for each in tree] if isinstance(tree, list) else tree


def _words(tree: Any) -> list[str]:
    if isinstance(tree, str):
        return [tree]
    children = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else []
    return [word for child in children for word in _words(child)]
