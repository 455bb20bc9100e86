"""The language of a mind is a setting, and what was encoded in another one says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from cognition.engine.assembly import Options
from cognition.engine.options import MindOptions
from cognition.engine.tongues import Tongues
from cognition.errors import SettingsError
from cognition.settings import load
from schemas.percept import Rebuild
from tests.unit.engine.bench import ANA, BO, Bench, bench, contents

MIXED = MindOptions(language="german", languages={BO: "french"})


def test_each_mind_has_its_language_and_each_language_one_analyzer() -> None:
    tongues = Tongues(MIXED)
    assert tongues.of(ANA).language == "german"
    assert tongues.of(BO).language == "french"
    assert tongues.of("cy") is tongues.of(ANA)


async def test_minds_of_one_daemon_speak_each_their_language() -> None:
    on = await bench(options=Options(minds=MIXED))
    await on.say("Die Häuser stehen am Hafen.", mind=ANA)
    await on.say("L'année des chevaux.", mind=BO)
    german = await on.recall("Haus", mind=ANA, explain=True)
    french = await on.recall("cheval d'une année", mind=BO, explain=True)
    for answer in (german, french):
        assert next(p.value for p in answer.recalled[0].parts if p.name == "lexical") > 0.0
    assert on.engine.minds.resident(ANA).language == "german"  # type: ignore[union-attr]


async def other(on: Bench, language: str) -> Bench:
    """The next process, with another setting."""
    on.options = Options(minds=MindOptions(language=language))  # type: ignore[arg-type]
    on.again()
    return on


async def test_a_mind_that_was_encoded_in_another_language_says_so_until_it_is_rebuilt() -> None:
    on = await bench()
    await on.say("Die Häuser stehen am Hafen.")
    on = await other(on, "german")
    answer = await on.recall("Haus")
    assert contents(answer) == ["Die Häuser stehen am Hafen."]
    assert answer.notes == [
        f"encoded in english, but its language is set to german: run `cognition mind rebuild --mind {ANA}`"
    ]
    await on.take(Rebuild(mind=ANA))
    answer = await on.recall("Haus", explain=True)
    assert answer.notes == []
    assert next(p.value for p in answer.recalled[0].parts if p.name == "lexical") > 0.0
    on.again()
    assert (await on.recall("Haus")).notes == []


async def test_a_mind_without_memories_takes_the_language_that_is_set() -> None:
    on = await bench()
    await on.engine.minds.look(ANA)
    on = await other(on, "plain")
    assert (await on.engine.minds.look(ANA)).language == "plain"


def test_languages_are_set_in_a_file_and_in_words(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text('[minds]\nlanguage = "spanish"\n[minds.languages]\n"ana.x" = "german"\nbo = "plain"\n')
    read = load(file).settings.minds
    assert (read.language_of("ana.x"), read.language_of("bo"), read.language_of("c")) == (
        "german",
        "plain",
        "spanish",
    )
    told = load(environment={"COGNITION_MINDS__LANGUAGES": "ana=german, bo = french"}).settings.minds
    assert told.languages == {"ana": "german", "bo": "french"}


@pytest.mark.parametrize(
    ("text", "message"),
    [("ana", "'ana' is not NAME=VALUE"), ("ana=klingon", "klingon"), ("=german", "NAME=VALUE")],
)
def test_a_wrong_language_is_named(text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        load(flags={"minds.languages": text})
