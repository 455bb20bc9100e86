"""The unit, its settings, and the lines that install them."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from cognition.capacity.plan import planned
from cognition.capacity.units import bytes_of
from cognition.cli import build_parser
from cognition.commands.capacity import wanted_of
from cognition.settings import Settings, load
from tests.house.deployed import DEPLOY, runbook

UNIT = DEPLOY / "systemd/cognition.service"
SETTINGS = DEPLOY / "systemd/settings.toml"


def said(key: str) -> str:
    """What the unit says once."""
    (value,) = re.findall(rf"^{key}=(.*)$", UNIT.read_text("utf-8"), flags=re.MULTILINE)
    return value


def installing() -> list[str]:
    """The lines of the runbook that install it."""
    (block,) = re.findall(r"^With systemd.*?^```sh\n(.*?)^```", runbook(), flags=re.MULTILINE | re.DOTALL)
    return block.splitlines()


def test_the_unit_runs_a_command_that_exists_with_the_directories_that_it_may_write() -> None:
    words = shlex.split(said("ExecStart"))
    options = build_parser().parse_args(words[1:])
    assert options.run == "daemon:daemon"
    assert options.data == f"/var/lib/{said('StateDirectory')}"
    places = dict(each.split("=") for each in shlex.split(said("Environment")))
    assert set(places) == {"COGNITION_CACHE", "XDG_CACHE_HOME"}
    assert set(places.values()) == {f"/var/cache/{said('CacheDirectory')}"}
    assert said("ProtectSystem") == "strict"
    assert said("Type") == "notify"


def test_the_unit_has_a_limit_of_memory_that_its_plan_keeps_within() -> None:
    text = UNIT.read_text("utf-8")
    (line,) = re.findall(r"^# cognition (capacity .+)$", text, flags=re.MULTILINE)
    wanted = wanted_of(build_parser().parse_args(shlex.split(line)))
    plan = planned(wanted)
    assert plan.daemon_ram + plan.ram_in_all + plan.streams_ram <= bytes_of(said("MemoryMax"), "MemoryMax")
    assert load(SETTINGS).settings.minds.resident_max <= wanted.minds


def test_the_settings_of_the_unit_decode_and_leave_the_data_directory_to_it() -> None:
    loaded = load(SETTINGS, environment={})
    changed = {key for key, origin in loaded.origins.items() if origin != "default"}
    assert changed == {"minds.resident_max"}
    assert loaded.settings.data == Settings().data == ""


def test_the_runbook_puts_settings_and_unit_where_they_are_looked_for_before_it_starts_it() -> None:
    lines = [shlex.split(line, comments=True) for line in installing()]
    put = {line[-1]: line[-2] for line in lines if line[0] == "install"}
    folder = Path(lines[0][-1])
    options = build_parser().parse_args(shlex.split(said("ExecStart"))[1:])
    assert (DEPLOY.parent / put[options.config]).samefile(SETTINGS)
    assert (DEPLOY.parent / put[f"/etc/systemd/system/{UNIT.name}"]).samefile(UNIT)
    assert Path(shlex.split(said("ExecStart"))[0]) == folder / ".venv/bin/cognition"
    assert [line[0] for line in lines].index("install") < lines.index(
        ["systemctl", "enable", "--now", UNIT.stem]
    )


def test_the_runbook_installs_the_model_as_the_unit_will_look_for_it() -> None:
    """By its user, in its cache: what root had put there the unit could not add to."""
    (line,) = [shlex.split(each) for each in installing() if each.startswith("systemd-run")]
    properties = {each for flag, each in pairwise(line) if flag == "-p"}
    assert properties == {f"{key}={said(key)}" for key in ("DynamicUser", "User", "CacheDirectory")}
    environment = [each for flag, each in pairwise(line) if flag == "-E"]
    assert environment == shlex.split(said("Environment"))
    program = line.index(shlex.split(said("ExecStart"))[0])
    assert build_parser().parse_args(line[program + 1 :]).run == "model:model_install"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze")
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    """With a program that is there: whether it is installed is not asked."""
    program = shlex.split(said("ExecStart"))[0]
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text("utf-8").replace(program, "/bin/true"), "utf-8")
    command = ["systemd-analyze", "verify", "--man=no", str(copy)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert str(copy) not in done.stderr
