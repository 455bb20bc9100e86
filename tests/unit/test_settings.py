"""Settings: flag over environment over file over default, each with its origin; nothing unknown gets in."""

from __future__ import annotations

from pathlib import Path

import pytest

from cognition.errors import SettingsError
from cognition.settings import LISTS, SECRETS, WELL_KNOWN, Settings, hide_password, load, shown


def written(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def test_without_anything_every_value_is_its_default() -> None:
    loaded = load()
    assert loaded.settings == Settings()
    assert set(loaded.origins.values()) == {"default"}


def test_a_flag_beats_the_environment_beats_the_file_beats_the_default(tmp_path: Path) -> None:
    file = written(
        tmp_path / "c.toml",
        'name = "file"\n[recall]\ncandidates = 10\n[log]\nlevel = "error"\n[streams]\nbatch = 9\n',
    )
    environment = {"COGNITION_RECALL__CANDIDATES": "20", "COGNITION_LOG__LEVEL": "warning", "HOME": "/root"}
    loaded = load(file, environment, {"recall.candidates": "30", "streams.url": None})
    settings, origins = loaded.settings, loaded.origins
    assert (settings.recall.candidates, origins["recall.candidates"]) == (30, "flag")
    assert (settings.log.level, origins["log.level"]) == ("warning", "environment")
    assert (settings.name, origins["name"]) == ("file", str(file))
    assert (settings.streams.batch, origins["streams.batch"]) == (9, str(file))
    assert (settings.streams.url, origins["streams.url"]) == ("", "default")


def test_every_setting_of_several_values_is_read_with_commas_between_them() -> None:
    defaults = {key: value for key, value, _ in shown(load())}
    assert {key for key, value in defaults.items() if isinstance(value, list | tuple)} == LISTS
    loaded = load(environment={"COGNITION_RECALL__WITHOUT": "mood, actor"}, flags={"minds.without": "drift"})
    assert loaded.settings.recall.without == ("mood", "actor")
    assert loaded.settings.minds.without == ("drift",)


@pytest.mark.parametrize(("name", "key"), WELL_KNOWN.items())
def test_the_names_that_everybody_knows_are_read(name: str, key: str) -> None:
    given = "debug" if key == "log.level" else "redis://here"
    loaded = load(environment={name: given})
    rows = {k: (v, origin) for k, v, origin in shown(loaded)}
    assert rows[key] == ("***" if key in SECRETS else given, "environment")


def test_our_own_name_of_a_setting_beats_the_one_that_everybody_knows() -> None:
    loaded = load(environment={"COGNITION_STREAMS__URL": "redis://ours", "REDIS_URL": "redis://known"})
    assert loaded.settings.streams.url == "redis://ours"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "[recal]\ncandidates = 5\n",
            ["unknown setting recal.candidates", "Did you mean recall.candidates?"],
        ),
        ("zzz = 1\n", ["unknown setting zzz", "cognition config show"]),
        ("[recall]\ncandidates = 0\n", ["recall.candidates = 0", "Expected `int` >= 1", "Correct the value"]),
        ("[log]\nlevel = 'loud'\n", ["log.level = 'loud'", "Invalid enum value", "Use any of debug, info"]),
        ("[minds.languages]\neva = 'welsh'\n", ["minds.languages", "'welsh'", "ana=german,bo=french"]),
        ("[streams]\npartitions = 'many'\n", ["streams.partitions = 'many'"]),
        ("streams = 5\n", ["unknown setting streams"]),
        ("[recall\n", ["is not TOML", "line 1"]),
        ("name = \n", ["is not TOML", "line 1, column 8"]),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_its_name_and_a_remedy(
    tmp_path: Path, text: str, words: list[str]
) -> None:
    file = written(tmp_path / "wrong.toml", text)
    with pytest.raises(SettingsError) as caught:
        load(file)
    assert [word for word in [str(file), *words] if word not in str(caught.value)] == []
    assert caught.value.remedy


def test_a_file_that_is_not_there_or_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"absent\.toml does not exist\. Correct --config"):
        load(tmp_path / "absent.toml")
    with pytest.raises(SettingsError, match="cannot be read: Is a directory"):
        load(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b'name = "\xe9"\n')
    with pytest.raises(SettingsError, match="is not TOML"):
        load(tmp_path / "latin.toml")


def test_a_write_is_not_to_be_on_more_replicas_than_there_are() -> None:
    asked = {"COGNITION_STORE__WRITE_CONSISTENCY_FACTOR": "3"}
    with pytest.raises(SettingsError) as caught:
        load(environment=asked)
    assert "store.write_consistency_factor = 3 (from environment)" in str(caught.value)
    assert "store.replication_factor is 1 (from default)" in str(caught.value)
    assert "Raise store.replication_factor to 3" in caught.value.remedy
    store = load(environment=asked, flags={"store.replication_factor": 3}).settings.store
    assert (store.replication_factor, store.write_consistency_factor) == (3, 3)


@pytest.mark.parametrize("name", ["COGNITION_RECALL__CANDIDATE", "COGNITION_NOTHING"])
def test_an_unknown_name_in_the_environment_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match=r"unknown setting .* \(from environment\)"):
        load(environment={name: "1"})


def test_names_of_the_environment_that_are_no_settings_are_left_alone() -> None:
    known = {"COGNITION_CACHE": "/tmp", "COGNITION_CONFIG": "x.toml", "COGNITION_BENCH_DATA": "/data"}
    assert load(environment=known | {"PATH": "/bin"}).settings == Settings()


def test_secrets_are_not_shown() -> None:
    loaded = load(
        flags={
            "store.api_key": "s3cret",
            "streams.url": "rediss://user:hunter2@host:6380/0",
            "store.url": "h",
        }
    )
    rows = {key: (value, origin) for key, value, origin in shown(loaded)}
    assert rows["store.api_key"] == ("***", "flag")
    assert rows["streams.url"] == ("rediss://user:***@host:6380/0", "flag")
    assert "s3cret" not in str(rows)
    assert "hunter2" not in str(rows)


@pytest.mark.parametrize(
    ("url", "hidden"),
    [
        ("redis://host:6379", "redis://host:6379"),
        ("redis://:pw@host", "redis://:***@host"),
        (
            "redis+sentinel://u:p@a,b/s?sentinel_password=x&replicas=1",
            "redis+sentinel://u:***@a,b/s?sentinel_password=***&replicas=1",
        ),
        ("redis://user:p@ss@host", "redis://user:***@host"),
        ("unix:///tmp/valkey.sock", "unix:///tmp/valkey.sock"),
        ("unix:///tmp/s.sock?password=pw&db=1", "unix:///tmp/s.sock?password=***&db=1"),
    ],
)
def test_a_password_in_a_url_is_hidden(url: str, hidden: str) -> None:
    assert hide_password(url) == hidden
