"""Commands about what a mind learns from use: report on a recollection, look at associations."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Mapping, Sequence

from cognition.cli import DONE, NO
from cognition.commands.minds import the_mind
from cognition.commands.running import print_json
from cognition.commands.words import moment, short
from cognition.engine.lessons import memory_ids
from cognition.engine.neighbourhood import no_memory
from schemas.learning import FoldedAnswer, Neighbour, NeighboursAnswer, PathAnswer, ReportAnswer

WIDTH = 90
"""Characters of a memory on its line."""

FINAL = ": a report cannot be taken back; report the next recollection"

SPANS = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s"))


async def feedback(options: argparse.Namespace) -> int:
    """Report what served and what misled; wait until the mind has learned it unless told not to."""
    async with the_mind(options) as mind:
        report = await mind.feedback(
            options.recollection,
            useful=options.useful,
            misleading=options.misleading,
            at=moment(options.at),
        )
        folded = None if options.no_wait else await report.wait()
    checked = report.checked
    if options.json:
        taught = None if folded is None else {"useful": folded.useful, "vain": folded.vain}
        print_json({"entry": report.entry, "report": checked, "taught": taught})
        return DONE
    names = {memory_ids(checked.mind, [n])[0]: n for n in (*options.useful, *options.misleading)}
    print(learned(checked, folded, names))
    for memory_id, reason in checked.refused.items():
        print(f"  left out {memory_id}: {reason}")
    _notes(remarks(checked, folded, names))
    return DONE


def learned(report: ReportAnswer, folded: FoldedAnswer | None, names: Mapping[str, str]) -> str:
    """What became of a report, in words; not folded in yet where nobody waited for it. `names` : how
    memories were named, by id."""
    useful, vain = len(report.useful), len([i for i in report.shown if i not in report.useful])
    if folded is None or folded.useful is None or folded.vain is None:
        done = "accepted" if folded is None else "folded in"
        return f"{done}: {useful} useful, {vain} shown in vain, of {len(report.shown)} shown"
    named = [*report.useful, *report.misleading]
    if not folded.useful and not folded.vain and (named or report.shown):
        told = _listed(named, names) if named else "all that was shown"
        return f"nothing new: an earlier report on this recollection told of {told} already and stands{FINAL}"
    return f"learned: {folded.useful} useful, {folded.vain} shown in vain, of {len(report.shown)} shown"


def remarks(report: ReportAnswer, folded: FoldedAnswer | None, names: Mapping[str, str]) -> Iterator[str]:
    """Which of the named were not among those shown, and of which a part of the report taught nothing."""
    named = [*report.useful, *report.misleading]
    if missed := [i for i in named if i not in report.shown]:
        were = "was" if len(missed) == 1 else "were"
        yield f"{_listed(missed, names)} {were} not among the {len(report.shown)} shown"
    if folded is None or not (folded.useful or folded.vain):
        return
    told, count = _told_before(report, folded.useful or 0, folded.vain or 0)
    if count:
        part = f"{count} of " if count < len(told) else ""
        yield f"an earlier report told of {part}{_listed(told, names)} already and stands{FINAL}"


def _told_before(report: ReportAnswer, useful: int, vain: int) -> tuple[list[str], int]:
    """Among which are those that an earlier report told of, and how many they are, by how many of this
    one learned: only a first report teaches all that it leaves unnamed that it was shown in vain."""
    count = len(report.useful) - useful
    told = list(report.useful) if count else []
    if vain < len({*report.shown, *report.misleading} - {*report.useful}):
        told += report.misleading
        count += len(report.misleading) - vain
    return told, count


def _listed(ids: Sequence[str], names: Mapping[str, str]) -> str:
    return ", ".join(names.get(i, i) for i in ids)


async def associations(options: argparse.Namespace) -> int:
    """The tree of associations from a memory, or the strongest path to another."""
    async with the_mind(options) as mind:
        if options.to is not None:
            path = await mind.path(
                options.id, options.to, types=options.type, depth=options.depth or PATH_DEPTH
            )
            return show_path(path, options)
        answer = await mind.neighbours(
            options.id, types=options.type, limit=options.limit, depth=options.depth or 1
        )
    return show_tree(answer, options)


PATH_DEPTH = 4


def show_tree(answer: NeighboursAnswer, options: argparse.Namespace) -> int:
    """A memory and what it is associated with, indented by depth."""
    if options.json:
        print_json(answer)
        return DONE if answer.neighbours else NO
    if answer.preview is None:
        print(f"{(answer.notes or [no_memory(options.mind, options.id)])[0]}.")
        return NO
    print(f"{answer.memory_id}  {short(answer.preview, WIDTH)}")
    branches: dict[str, list[Neighbour]] = {}
    for step in answer.neighbours:
        branches.setdefault(step.source, []).append(step)
    _branch(branches, answer.memory_id, "")
    if not answer.neighbours:
        print("  (nothing)")
    _notes(answer.notes)
    return DONE if answer.neighbours else NO


def _branch(branches: dict[str, list[Neighbour]], source: str, indent: str) -> None:
    steps = branches.get(source, [])
    for place, step in enumerate(steps, 1):
        last = place == len(steps)
        print(f"{indent}{'└' if last else '├'}─ {described(step)}  {short(step.preview, WIDTH)}")
        print(f"{indent}{' ' if last else '│'}    {step.target}")
        _branch(branches, step.target, indent + (" " if last else "│") + "  ")


def show_path(answer: PathAnswer, options: argparse.Namespace) -> int:
    """One line a step; 1 where there is no path, or one of its ends is not there."""
    missing = [
        said for end in (options.id, options.to) if (said := no_memory(options.mind, end)) in answer.notes
    ]
    if options.json:
        print_json(answer)
    elif missing:
        print("\n".join(f"{said}." for said in dict.fromkeys(missing)))
    elif not answer.steps:
        print(f"No path from {options.id} to {options.to} in {options.depth or PATH_DEPTH} steps.")
    else:
        print("\n".join(walked(answer.steps, options.id)))
        print(f"strength {answer.strength:.3f} in {len(answer.steps)} steps")
    if not options.json:
        _notes(note for note in answer.notes if note not in missing)
    return DONE if answer.steps else NO


def walked(steps: Sequence[Neighbour], start: str) -> Iterator[str]:
    """The steps of a path as they are gone, a line each; an association gone backwards points back."""
    here = start if start in (steps[0].source, steps[0].target) else _begin(steps)
    for step in steps:
        forward = step.source == here
        there = step.target if forward else step.source
        said = f"  {short(step.preview, WIDTH)}" if forward else ""
        yield f"{here} {'->' if forward else '<-'} {there}  {described(step)}{said}"
        here = there


def _begin(steps: Sequence[Neighbour]) -> str:
    """The end of the first step that the second does not share; where it is named by key only."""
    first, others = steps[0], steps[1:]
    shared = {others[0].source, others[0].target} if others else {first.target}
    return first.target if first.source in shared and first.target not in shared else first.source


def described(step: Neighbour) -> str:
    """Weight, type, how often and how long ago."""
    often = f" {step.count}x" if step.count else ""
    given = " given" if step.given else ""
    return f"{step.weight:.3f} {step.type}{given}{often} {age(step.age_s)}"


def age(seconds: float) -> str:
    """A span of time in its largest whole unit."""
    for size, unit in SPANS:
        if seconds >= size:
            return f"{seconds / size:.0f} {unit} ago"
    return "now"


def _notes(notes: Iterable[str]) -> None:
    for note in notes:
        print(f"note: {note}")
