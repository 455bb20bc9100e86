"""What is deployed: settings are ours, images pinned, ports and volumes agree, limits planned."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cognition.capacity.parts import Wanted
from cognition.capacity.plan import Plan, planned
from cognition.capacity.units import bytes_of, count_of, rate_of
from cognition.cli import build_parser
from cognition.commands.capacity import wanted_of
from cognition.settings import NOT_SETTINGS, PREFIX, WELL_KNOWN, load
from cognition.version import VERSION
from tests.house.deployed import (
    COMPOSE,
    DEPLOY,
    KUBERNETES,
    OURS,
    containers,
    documents,
    runbook,
    services,
    workloads,
)

PINNED = re.compile(r"^[\w./-]+:v?\d+\.\d+\.\d+[\w.-]*(@sha256:[0-9a-f]{64})?$")
SECRETS = {"VALKEY_PASSWORD": "valkey-secret", "QDRANT_API_KEY": "qdrant-secret"}
RESIDENT = 400


def filled_in(text: str) -> str:
    return re.sub(r"\$\{(\w+):\?\}", lambda found: SECRETS[found[1]], text)


def environment_of(container: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: str(each.get("value", "redis://:secret@valkey:6379")) for each in container["env"]}


def daemons() -> list[Any]:
    found = [
        pytest.param(
            {name: filled_in(str(value)) for name, value in service["environment"].items()},
            id=f"{file.name}:{name}",
        )
        for file in COMPOSE
        for name, service in services(file).items()
        if service["image"].startswith(OURS)
    ]
    found += [
        pytest.param(environment_of(each), id="kubernetes")
        for each in containers()
        if each["image"].startswith(OURS)
    ]
    return found


def plan_of(said: dict[str, Any]) -> Plan:
    return planned(
        Wanted(
            memories=count_of(said["memories"], "memories"),
            minds=count_of(said["minds"], "minds"),
            rate=rate_of(said["rate"], "rate"),
            quantization=said["quantization"],
            replicas=int(said["replicas"]),
            node_ram=bytes_of(said["node_ram"], "node_ram"),
            node_disk=bytes_of(said["node_disk"], "node_disk"),
            resident=RESIDENT,
        )
    )


def test_there_is_something_to_deploy() -> None:
    assert len(COMPOSE) == 2
    assert {each["kind"] for file in KUBERNETES for each in documents(file)} >= {
        "StatefulSet", "Service", "NetworkPolicy", "PodDisruptionBudget", "Secret", "Kustomization",
    }  # fmt: skip


@pytest.mark.parametrize("environment", daemons())
def test_every_setting_of_a_daemon_is_one_of_ours_and_decodes(environment: dict[str, str]) -> None:
    for name in environment:
        assert name.startswith(PREFIX) or name in WELL_KNOWN or name in NOT_SETTINGS, name
    loaded = load(environment=environment)
    assert loaded.settings.store.url
    assert loaded.settings.streams.url.startswith("redis://:")
    assert loaded.settings.store.quantization.kind == "int8"
    assert loaded.settings.minds.resident_max == RESIDENT
    nodes = loaded.settings.store.url.split(",")
    assert loaded.settings.store.replication_factor == min(2, len(nodes))


def test_every_image_has_an_exact_tag_and_none_is_a_redis_of_another_licence() -> None:
    images = [service["image"] for file in COMPOSE for service in services(file).values()]
    images += [container["image"] for container in containers()]
    assert len(images) > 10
    for image in images:
        assert PINNED.match(image), image
        assert not image.startswith("redis")
    (base,) = re.findall(
        r"^ARG PYTHON=(\S+)$", (DEPLOY / "Dockerfile").read_text("utf-8"), flags=re.MULTILINE
    )
    assert PINNED.match(f"python:{base}")


def test_all_files_say_the_same_versions() -> None:
    images = {service["image"] for file in COMPOSE for service in services(file).values()}
    assert images == {container["image"] for container in containers()}
    assert f"{OURS}:{VERSION}" in images


@pytest.mark.parametrize("file", COMPOSE, ids=lambda file: file.name)
def test_compose_volumes_networks_and_ports_agree(file: Path) -> None:
    (tree,) = documents(file)
    used = {volume.split(":")[0] for each in tree["services"].values() for volume in each.get("volumes", [])}
    assert used == set(tree["volumes"])
    assert {n for each in tree["services"].values() for n in each["networks"]} == set(tree["networks"])
    assert tree["networks"]["inside"]["internal"] is True
    published = [port for each in tree["services"].values() for port in each.get("ports", [])]
    assert published == ["127.0.0.1:6379:6379"]
    for each in tree["services"].values():
        asked = (
            " ".join(map(str, each.get("environment", {}).values()))
            if isinstance(each.get("environment"), dict)
            else ""
        )
        for host, port in re.findall(r"(?:http://|@)([\w-]+):(\d+)", filled_in(asked)):
            other = tree["services"][host]
            assert port in other.get("expose", []) + [p.split(":")[-1] for p in other.get("ports", [])]


@pytest.mark.parametrize("file", COMPOSE, ids=lambda file: file.name)
def test_compose_services_may_write_nothing_but_their_volumes_and_have_limits_and_a_health_check(
    file: Path,
) -> None:
    for name, each in services(file).items():
        assert each["read_only"] is True, name
        assert each["cap_drop"] == ["ALL"], name
        assert each["restart"] == "unless-stopped", name
        assert bytes_of(each["mem_limit"], "mem_limit") > 0, name
        assert each["image"].startswith(OURS) or "healthcheck" in each, name


@pytest.mark.parametrize("file", COMPOSE, ids=lambda file: file.name)
def test_compose_starts_all_nodes_of_a_cluster_and_waits_for_none_of_them(file: Path) -> None:
    """A node whose replicas are behind is ready once it has fetched them from the others, which compose would
    not start before it is. A server that stands alone needs nobody, and is waited for."""
    nodes = [name for name in services(file) if name.startswith("qdrant")]
    for each in services(file).values():
        for needed, how in each.get("depends_on", {}).items():
            peer = needed in nodes and len(nodes) > 1
            assert how == {"condition": "service_started" if peer else "service_healthy"}
            assert needed in services(file)
            assert services(file)[needed]["restart"] == "unless-stopped"


@pytest.mark.parametrize("file", COMPOSE, ids=lambda file: file.name)
def test_the_limits_of_compose_are_what_the_planner_says(file: Path) -> None:
    (tree,) = documents(file)
    plan = plan_of(tree["x-planned"])
    nodes = [each for name, each in tree["services"].items() if name.startswith("qdrant")]
    assert len(nodes) >= plan.nodes
    limits = [bytes_of(each["mem_limit"], "mem_limit") for each in nodes]
    assert sum(limits) * 0.8 >= plan.ram_in_all
    valkey = tree["services"]["valkey"]
    most = bytes_of(valkey["command"][valkey["command"].index("--maxmemory") + 1], "--maxmemory")
    assert plan.streams_ram <= most < bytes_of(valkey["mem_limit"], "mem_limit")
    for name, each in tree["services"].items():
        if name.startswith("daemon"):
            assert bytes_of(each["mem_limit"], "mem_limit") >= plan.daemon_ram
    assert _written(file.read_text("utf-8"), tree["x-planned"])


def test_the_limits_of_kubernetes_are_what_the_planner_says() -> None:
    by_name = {each["metadata"]["name"]: each for each in workloads()}
    qdrant = by_name["qdrant"]
    said = json.loads(qdrant["metadata"]["annotations"]["cognition/planned"])
    plan = plan_of(said)
    assert qdrant["spec"]["replicas"] >= plan.nodes
    (container,) = qdrant["spec"]["template"]["spec"]["containers"]
    limit = bytes_of(container["resources"]["limits"]["memory"], "memory")
    assert qdrant["spec"]["replicas"] * limit * 0.8 >= plan.ram_in_all
    (claim,) = qdrant["spec"]["volumeClaimTemplates"]
    assert bytes_of(claim["spec"]["resources"]["requests"]["storage"], "storage") == bytes_of(
        said["node_disk"], "disk"
    )
    (daemon,) = by_name["cognition"]["spec"]["template"]["spec"]["containers"]
    assert bytes_of(daemon["resources"]["limits"]["memory"], "memory") >= plan.daemon_ram
    (valkey,) = by_name["valkey"]["spec"]["template"]["spec"]["containers"]
    most = re.findall(r"--maxmemory (\w+)", valkey["args"][0])[0]
    assert plan.streams_ram <= bytes_of(most, "--maxmemory")
    assert _written((DEPLOY / "kubernetes/qdrant.yaml").read_text("utf-8"), said)


def _written(text: str, said: dict[str, Any]) -> bool:
    """The command beside the figures is the one that gave them."""
    (line,) = re.findall(r"# (?:Limits: )?cognition (capacity .+)$", text, flags=re.MULTILINE)
    wanted = wanted_of(build_parser().parse_args(shlex.split(line)))
    return plan_of(said).ram_in_all == planned(wanted).ram_in_all


def test_pods_are_not_root_write_nothing_but_their_volumes_and_mount_what_there_is() -> None:
    for each in workloads():
        pod = each["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["automountServiceAccountToken"] is False
        volumes = {v["name"] for v in [*pod.get("volumes", [])]}
        volumes |= {v["metadata"]["name"] for v in each["spec"].get("volumeClaimTemplates", [])}
        for container in pod["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert {mount["name"] for mount in container["volumeMounts"]} == volumes
            assert "limits" in container["resources"]


def test_services_select_pods_that_are_and_ports_that_they_open() -> None:
    pods = {
        each["spec"]["template"]["metadata"]["labels"]["app"]: each["spec"]["template"]["spec"]
        for each in workloads()
    }
    for file in KUBERNETES:
        for each in documents(file):
            if each["kind"] == "Service":
                (container,) = pods[each["spec"]["selector"]["app"]]["containers"]
                opened = {port["containerPort"] for port in container.get("ports", [])}
                assert {port["port"] for port in each["spec"].get("ports", [])} <= opened


def test_nobody_may_speak_to_anybody_unless_a_policy_says_so_and_ports_are_those_of_pods() -> None:
    policies = documents(DEPLOY / "kubernetes/network.yaml")
    deny = next(each for each in policies if each["metadata"]["name"] == "default-deny")
    assert deny["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    opened = {port["containerPort"] for each in containers() for port in each.get("ports", [])} | {53}
    for each in policies:
        for rule in [*each["spec"].get("ingress", []), *each["spec"].get("egress", [])]:
            assert rule["ports"]
            assert {port["port"] for port in rule["ports"]} <= opened


def test_every_secret_that_a_pod_reads_is_in_the_example_and_the_example_holds_none() -> None:
    (secret,) = documents(DEPLOY / "kubernetes/secrets.example.yaml")
    assert set(secret["stringData"].values()) == {""}
    read = {
        item["key"]
        for each in workloads()
        for volume in each["spec"]["template"]["spec"].get("volumes", [])
        if "secret" in volume
        for item in volume["secret"]["items"]
    }
    read |= {
        e["valueFrom"]["secretKeyRef"]["key"]
        for c in containers()
        for e in c.get("env", [])
        if "valueFrom" in e
    }
    assert read == set(secret["stringData"])
    example = (DEPLOY / "environment.example").read_text("utf-8")
    assert set(re.findall(r"^(\w+)=$", example, flags=re.MULTILINE)) == set(SECRETS)


def test_the_kustomization_names_every_manifest_but_the_example() -> None:
    (tree,) = documents(DEPLOY / "kubernetes/kustomization.yaml")
    files = {file.name for file in KUBERNETES} - {"kustomization.yaml", "secrets.example.yaml"}
    assert set(tree["resources"]) == files


def test_the_image_is_not_root_and_runs_commands_that_exist() -> None:
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    assert re.search(r"^USER 10001:10001$", text, flags=re.MULTILINE)
    entry = json.loads(re.findall(r"^ENTRYPOINT (.+)$", text, flags=re.MULTILINE)[0])
    (command,) = re.findall(r"^CMD (.+)$", text, flags=re.MULTILINE)
    health = json.loads(re.findall(r"^HEALTHCHECK .* CMD (.+)$", text, flags=re.MULTILINE)[0])
    assert entry == ["cognition"] == health[:1]
    for words in (json.loads(command), health[1:]):
        assert build_parser().parse_args(words).run
    for name in re.findall(r"\b(COGNITION_\w+)=", text):
        assert name in NOT_SETTINGS or name == "COGNITION_DATA" or load(environment={name: "/model"})
    for source in re.findall(r"^COPY (?!--)(.+) \S+$", text, flags=re.MULTILINE):
        assert all((DEPLOY.parent / each).exists() for each in source.split())


def runbook_commands() -> list[str]:
    """What the runbook runs of ours: on a line of its own, in a container, or in the middle of a sentence."""
    text = runbook()
    blocks = "\n".join(re.findall(r"^```sh\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL))
    in_blocks = re.findall(r"^(cognition .+)$", blocks, flags=re.MULTILINE)
    in_containers = [
        f"cognition {words}"
        for words in re.findall(r" run --rm --no-deps daemon (.+)$", blocks, flags=re.MULTILINE)
    ]
    return [*in_blocks, *in_containers, *re.findall(r"`(cognition [^`]+)`", text)]


def test_every_command_of_the_runbook_is_one_of_ours() -> None:
    commands = runbook_commands()
    assert len(commands) > 30
    for command in commands:
        words = shlex.split(command, comments=True)[1:]
        if words != ["capacity"]:  # the command itself, named as a heading
            assert build_parser().parse_args(words).run, command


def test_the_tables_of_the_runbook_are_what_the_planner_says() -> None:
    from tests.house.runbook_tables import rows

    for row in rows():
        assert row in runbook()


def test_every_volume_service_and_file_of_the_runbook_is_there() -> None:
    """A volume of another name would be made, and an empty one archived without a word."""
    there, kept = set(), set()
    for file in COMPOSE:
        (tree,) = documents(file)
        there |= {f"{tree['name']}_{volume}" for volume in tree["volumes"]}
        kept |= {f"{tree['name']}_{volume}" for volume in tree["volumes"] if volume.startswith("qdrant")}
    volumes = set(re.findall(r"\bcognition(?:-cluster)?_[a-z][\w-]*[\w]", runbook().replace(".tar", " ")))
    assert kept <= volumes <= there
    asked = re.findall(r"docker compose -f (\S+) (\w+)([^|#\n`]*)", runbook())
    assert len(asked) > 10
    for name, verb, words in asked:
        named = [word for word in words.split() if not word.startswith("-")]
        if verb in ("stop", "start", "rm", "exec", "run", "build"):
            chosen = named[:1] if verb in ("exec", "run") else named
            assert chosen, (name, verb)
            assert set(chosen) <= set(services(DEPLOY.parent / name)), (name, verb, words)
    for file in re.findall(r"\bdeploy/[\w./-]+", runbook()):
        assert (DEPLOY.parent / file).exists() or file == "deploy/.env", file


def test_the_runbook_stops_qdrant_before_it_copies_and_writes_volumes_as_root() -> None:
    copies = re.findall(r"docker run .*", runbook())
    assert len(copies) == 3
    for line in copies:
        assert "--user 0" in line
        assert any(image in line for image in {each["image"] for each in services(COMPOSE[0]).values()})
    backup = runbook()[runbook().index("## Back up") : runbook().index("## Resize")]
    for name, file in (("one", "compose.yaml"), ("three", "compose.cluster.yaml")):
        nodes = {node for node in services(DEPLOY / file) if not node.startswith("valkey")}
        (stopped,) = re.findall(rf"docker compose -f deploy/{file} stop (.+)", backup)
        assert set(stopped.split()) == nodes, name


@pytest.mark.parametrize("there", [True, False], ids=["among others", "alone"])
@pytest.mark.parametrize("disk", ["empty", "full"])
@pytest.mark.parametrize("file", ["compose.cluster.yaml", "kubernetes/qdrant.yaml"])
def test_the_first_node_founds_a_cluster_only_where_there_is_none(
    file: str, disk: str, there: bool, tmp_path: Path
) -> None:
    script = first_node(file)
    (tmp_path / "entrypoint.sh").write_text('#!/bin/sh\necho "$@"\n')
    (tmp_path / "entrypoint.sh").chmod(0o755)
    (tmp_path / "storage").mkdir()
    if disk == "full":
        (tmp_path / "storage/raft_state.json").touch()
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1] if there else 1
        script = script.replace("/6335", f"/{port}").replace(
            "qdrant-1.qdrant-headless qdrant-2", "127.0.0.1 x"
        )
        script = script.replace("in qdrant-1 qdrant-2", "in 127.0.0.1 x")
        done = subprocess.run(
            ["bash", "-c", script.replace("/run/secrets/cognition/qdrant-api-key", os.devnull)],
            cwd=tmp_path,
            env={**os.environ, "HOSTNAME": "qdrant-0"},
            capture_output=True,
            text=True,
            check=True,
        )
    joins = there and disk == "empty"
    assert ("--bootstrap http://127.0.0.1:6335" in done.stdout) is joins
    assert re.search(r"--uri http://qdrant-0(\.qdrant-headless)?:6335$", done.stdout.strip())


def first_node(file: str) -> str:
    """What it runs when it starts."""
    if file.startswith("compose"):
        return services(DEPLOY / file)["qdrant-0"]["command"][-1].replace("$$", "$")
    (found,) = [each for each in containers() if each["image"].startswith("qdrant/")]
    return found["args"][0]


def test_a_node_that_recovers_is_not_ended_for_it() -> None:
    (found,) = [each for each in containers() if each["image"].startswith("qdrant/")]
    paths = {name: found[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "liveness", "readiness")}
    assert paths == {"startup": "/livez", "liveness": "/livez", "readiness": "/readyz"}


@pytest.mark.skipif(shutil.which("docker") is None, reason="there is no docker")
@pytest.mark.parametrize("file", COMPOSE, ids=lambda file: file.name)
def test_docker_understands_the_compose_files(file: Path) -> None:
    known = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    if known.returncode:
        pytest.skip("this docker has no compose")
    command = ["docker", "compose", "-f", str(file), "config", "--quiet"]
    done = subprocess.run(command, env={**os.environ, **SECRETS}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
