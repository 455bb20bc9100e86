"""Our image and our jobs in Kubernetes: named once, reached and awaited as is meant."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cognition.cli import build_parser
from cognition.errors import SettingsError
from cognition.settings import load
from cognition.version import VERSION
from tests.house.deployed import DEPLOY, JOBS, OURS, containers, documents, runbook, workloads


def test_name_and_tag_of_our_image_stand_in_one_place_for_daemons_and_jobs() -> None:
    (component,) = documents(DEPLOY / "kubernetes/image/kustomization.yaml")
    assert component["kind"] == "Component"
    assert component["images"] == [{"name": OURS, "newName": OURS, "newTag": VERSION}]
    for folder in ("kubernetes", "kubernetes/jobs"):
        (tree,) = documents(DEPLOY / folder / "kustomization.yaml")
        assert [(DEPLOY / folder / each).resolve() for each in tree["components"]] == [
            DEPLOY / "kubernetes/image"
        ]
    tags = re.findall(rf"\b{OURS}:(\d[\w.-]*)", runbook())
    assert len(tags) > 3
    assert set(tags) == {VERSION}


def test_a_job_runs_a_command_of_ours_with_the_settings_of_a_daemon() -> None:
    (daemon,) = [each for each in containers() if each["image"].startswith(OURS)]
    assert JOBS
    for file in JOBS:
        (job,) = documents(file)
        pod = job["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        assert container["env"] == daemon["env"]
        assert container["image"] == daemon["image"]
        assert container["volumeMounts"] == daemon["volumeMounts"]
        assert container["securityContext"] == daemon["securityContext"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert build_parser().parse_args(container["args"]).run
    (tree,) = documents(DEPLOY / "kubernetes/jobs/kustomization.yaml")
    assert tree["resources"] == [file.name for file in JOBS]


def selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    """Whether Kubernetes' label selector is of pods with these labels."""
    wanted = selector.get("matchLabels", {}).items() <= labels.items()
    among = selector.get("matchExpressions", [])
    assert {each["operator"] for each in among} <= {"In"}
    return wanted and all(labels.get(each["key"]) in each["values"] for each in among)


def may_reach(labels: dict[str, str], other: dict[str, str]) -> set[int]:
    """The ports that pods with these labels may open, and the others let them in at."""

    def allowed(own: dict[str, str], peer: dict[str, str], way: str, side: str) -> set[int]:
        return {
            port["port"]
            for policy in documents(DEPLOY / "kubernetes/network.yaml")
            if selects(policy["spec"]["podSelector"], own)
            for rule in policy["spec"].get(way, [])
            if any("podSelector" in each and selects(each["podSelector"], peer) for each in rule[side])
            for port in rule["ports"]
        }

    return allowed(labels, other, "egress", "to") & allowed(other, labels, "ingress", "from")


def test_a_job_reaches_what_a_daemon_reaches_and_is_not_waited_for_as_one() -> None:
    by_name = {each["metadata"]["name"]: each["spec"] for each in workloads()}
    daemon = by_name["cognition"]["template"]["metadata"]["labels"]
    for file in JOBS:
        labels = documents(file)[0]["spec"]["template"]["metadata"]["labels"]
        for each in documents(DEPLOY / "kubernetes/disruption.yaml"):
            assert not selects(each["spec"]["selector"], labels)
        for waited in re.findall(r"--for=delete pod -l app=([\w-]+)", runbook()):
            assert labels["app"] != waited
        for name, ports in (("qdrant", {6333, 6334}), ("valkey", {6379})):
            server = by_name[name]["template"]["metadata"]["labels"]
            assert may_reach(labels, server) == may_reach(daemon, server) == ports
            assert may_reach({"app": "stranger"}, server) == set()


def test_a_job_of_before_is_deleted_before_it_is_applied() -> None:
    """Applied again it would not run again, and with another number of partitions be refused."""
    lines = runbook().splitlines()
    (applied,) = [
        n for n, line in enumerate(lines) if line.startswith("kubectl apply -k deploy/kubernetes/jobs")
    ]
    for file in JOBS:
        name = documents(file)[0]["metadata"]["name"]
        assert lines[applied - 1].startswith(f"kubectl -n cognition delete job {name} --ignore-not-found")


def test_other_services_of_the_namespace_put_no_settings_into_our_environment() -> None:
    with pytest.raises(SettingsError):
        load(environment={"COGNITION_WEB_SERVICE_HOST": "10.0.0.7"})
    pods = [
        each["spec"]["template"]["spec"] for each in [*workloads(), *(documents(file)[0] for file in JOBS)]
    ]
    ours = [pod for pod in pods if any(each["image"].startswith(OURS) for each in pod["containers"])]
    assert len(ours) == 1 + len(JOBS)
    assert [pod.get("enableServiceLinks") for pod in ours] == [False] * len(ours)


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="there is no kubectl")
def test_kubectl_builds_the_manifests_with_the_image_of_the_registry_that_is_named(tmp_path: Path) -> None:
    shutil.copytree(DEPLOY, tmp_path / "deploy")
    (line,) = re.findall(r"^sed -i .*newName.*$", runbook(), flags=re.MULTILINE)
    named = {**os.environ, "REGISTRY": "registry.example.org/team"}
    subprocess.run(["sh", "-c", line], cwd=tmp_path, env=named, check=True)
    for folder, objects in (("kubernetes", 10), ("kubernetes/jobs", 0)):
        command = ["kubectl", "kustomize", str(tmp_path / "deploy" / folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("namespace: cognition") > objects
        assert re.findall(rf"image: (\S*{OURS}\S*)", done.stdout) == [
            f"registry.example.org/team/{OURS}:{VERSION}"
        ]
