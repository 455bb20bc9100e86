"""The commands of the command line: name, what it is for, an example, what runs it, its options, and what
it prints with ``--json``.

Knows names alone: what runs a command is imported when it runs.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

from cognition.command_options import (
    advise_options,
    apply_options,
    associations_options,
    capacity_options,
    change_options,
    cycle_options,
    daemon_options,
    dead_options,
    demo_options,
    episode_options,
    episodes_options,
    feedback_options,
    forget_options,
    import_options,
    log_options,
    memory_options,
    migrate_options,
    model_options,
    no_options,
    pause_options,
    perceive_options,
    promote_options,
    rebuild_options,
    recall_options,
    sleep_options,
    status_options,
)

Add = Callable[[argparse.ArgumentParser], None]

COMMANDS: list[tuple[str, str, str, str, Add]] = [
    ("demo", "Live through six weeks of three minds, then ask ten questions.",
     "cognition demo", "demo:demo", demo_options),
    ("daemon", "Run the engine in the foreground until SIGTERM or SIGINT.",
     "cognition daemon --data /var/lib/cognition", "daemon:daemon", daemon_options),
    ("perceive", "Publish one percept and wait until it can be recalled.",
     'cognition perceive --mind ana "The keys are under the blue pot."', "minds:perceive", perceive_options),
    ("recall", "Ask a mind what it remembers.",
     'cognition recall --mind ana "Where are the keys?" --explain', "minds:recall", recall_options),
    ("recent", "The working memory of a mind and its open episode.",
     "cognition recent --mind ana", "minds:recent", no_options),
    ("import", "Publish percepts from a file, one JSON object a line; safe to repeat.",
     "cognition import percepts.jsonl", "importing:import_file", import_options),
    ("feedback", "Say what served of a recollection; the rest of it was shown in vain.",
     "cognition feedback --mind ana 3f0c... --useful ana-0042", "learning:feedback", feedback_options),
    ("associations", "What a memory is associated with: a tree with weights, types and ages.",
     "cognition associations --mind ana ana-0042 --depth 2", "learning:associations", associations_options),
    ("episodes", "The latest episodes of a mind, newest first, fine ones in coarse ones.",
     "cognition episodes --mind ana --limit 5", "episodes:episodes", episodes_options),
    ("status", "How a mind and the daemon that serves it are; without --mind the daemon alone.",
     "cognition status --mind ana --json", "minds:status", status_options),
    ("doctor", "Check that every part is there and works, and say what to do where not.",
     "cognition doctor", "doctor:doctor", no_options),
    ("capacity", "What so many memories need of memory, disk, cores and nodes, and what gives out first.",
     "cognition capacity --memories 100M --minds 100k --rate 500/s --quantization binary --replicas 2",
     "capacity:capacity", capacity_options),
    ("forget", "Erase memories for good: by id or by filter, never without naming the mind.",
     'cognition forget --mind ana --source "old phone" --yes', "forgetting:forget", forget_options),
]  # fmt: skip

SHAPES = {
    "demo:demo": "{directory, percepts, outcomes: {outcome: count}, minds: {name: {memories, episodes}},\n"
    "  answers: [{mind, cue, asks, recollection: Recollection}]}; the performance goes to standard error",
    "schema:schema_check": "[{collection, there, problem, remedy, stops}]; those that are well too;\n"
    "  `cluster` for what is wrong with all of it",
    "schema:schema_migrate": "as of check, after what was put right",
    "daemon:daemon": "nothing else: its log is one JSON object a line wherever it is not a terminal",
    "minds:perceive": "a Receipt {mind, entry, outcome, key, memory_id, episode_id, salience, threshold,\n"
    "  parts: {importance, novelty, relevance, emotional_intensity, connection_relevance} | null,\n"
    "  reason, recallable_at, count}; with --no-wait {mind, entry}",
    "minds:recall": "a Recollection {cue_id, mind, recalled: [{memory, score, why, parts}], abstained,\n"
    "  candidates, took_ms, notes, abstractions: [{abstraction, score}]}",
    "minds:recent": "{memories: [{memory_id, content, actor, at, salience}],\n"
    "  episode: {id, label, started_at, memories} | null}",
    "importing:import_file": "{lines, outcomes: {outcome: count}, unreadable: count, problems: [text]}",
    "learning:feedback": "{entry, report: {mind, cue, shown: [id], useful: [id], misleading: [id],\n"
    "  refused: {id: reason}}, taught: {useful: count | null, vain: count | null} | null}",
    "learning:associations": "a NeighboursAnswer {inquiry_id, mind, memory_id, preview, neighbours:\n"
    "  [{source, target, type, weight, depth, age_s, count, given, preview}], notes}; with --to a\n"
    "  PathAnswer {inquiry_id, mind, steps: [the same], strength, notes}",
    "episodes:episodes": "[Episode {id, mind, scale, parent_id, child_ids, label, started_at, ended_at,\n"
    "  boundary_type, boundary_parts, memory_count, ...}]",
    "episodes:episode_show": "{episode: Episode, why: [text], inside: [Episode], held_by: [Episode]}",
    "minds:status": "a StatusAnswer {inquiry_id, mind, memories, episodes, open_episode: Episode | null,\n"
    "  lifetime, lexicon_terms, segmenter: {name: figure}, boundaries: {cause: count}, stopped,\n"
    "  language, notes: [text], through, unlinked, abstractions,\n"
    "  daemon: {version, streams, uptime_s, ...}};\n"
    "  without --mind {daemon: {version, streams, uptime_s, ...}, dead_letters: count,\n"
    "  mechanisms: [{name, on, did, of, unit, last_at}]}",
    "doctor:doctor": "[{mark, check, ok, found, remedy,\n"
    "  mechanism: {name, on, did, of, unit, last_at} | null}]\n"
    "  mark: ok, bad; of a mechanism also off, and idle: nothing in 100 chances or more",
    "capacity:capacity": "{memories, minds, quantization, indexes, replicas,\n"
    "  lines: [{name, disk, ram, cache, why}], disk, ram, cache, cache_left, nodes, nodes_least, shards,\n"
    "  daemons, daemon_ram, streams_ram, embedding_cores, writing_cores, disk_a_memory,\n"
    "  ram_a_memory, breaks_first: {name, share, memories}, constants: {name: [value, unit, source]}}",
    "forgetting:forget": "{mind, forgotten: count, left: count}",
    "minds:memory_show": "a MemoryAnswer {inquiry_id, mind, memory: Memory | null, archived,\n"
    "  tombstone: Tombstone | null, base_level, retrievability,\n"
    "  abstraction: Abstraction | null}",
    "segmenting:segmenter_show": "{mind, segmenter: {profile, late, threshold, learned_from, map_of, ...},\n"
    "  boundaries: {cause: count}}",
    "minds:mind_rebuild": "{mind, memories: count, took_s, notes: [text]}",
    "promoting:mind_promote": "{mind, points: {collection: count}, took_s}",
    "minds:identity_show": "an IdentityAnswer {inquiry_id, mind, identity: Identity | null, verified,\n"
    "  problems: [text]}",
    "minds:identity_verify": "an IdentityAnswer {inquiry_id, mind, identity: Identity | null, verified,\n"
    "  problems: [text]}",
    "sleeping:sleep": "[SleepReport {id, mind, number, status, started_at, ended_at, trigger, stage_s,\n"
    "  replayed, strengthened, consolidated, formed, archived, abstracted, canary_before, canary_after,\n"
    "  notes, ...}];\n"
    "  with --plan a SleepPlanAnswer {inquiry_id, mind, plan: {works: [{work, stage, memory_ids, budget_s,\n"
    "  why}], reasons, nothing, pressure, budget_s}, previews: {id: text}};\n"
    "  with --simulate {mind, days, whole, took_s, weeks: [{week, until, nights, cycles, rolled_back,\n"
    "  remembered, in_archive, replayed, strengthened, consolidated, formed, pruned, merged, superseded,\n"
    "  archived}]}",
    "sleeping:sleep_log": "a SleepLogAnswer {inquiry_id, mind, cycles: [SleepReport], pressure,\n"
    "  drivers: {name: figure}, paused, everyone_paused, schedule, next_at}",
    "sleeping:sleep_show": "a SleepReport {id, mind, number, status, ...}",
    "sleeping:sleep_undo": "{report: SleepReport, note}",
    "sleeping:sleep_pause": "a SleepLogAnswer {inquiry_id, mind, cycles, pressure, drivers, paused,\n"
    "  everyone_paused, schedule, next_at}",
    "sleeping:sleep_resume": "a SleepLogAnswer {inquiry_id, mind, cycles, pressure, drivers, paused,\n"
    "  everyone_paused, schedule, next_at}",
    "quantizing:quantize_show": "[Kept {collection, points, quantization: {kind, oversampling, rescore,\n"
    "  always_ram, quantile}, before, due}]",
    "quantizing:quantize_apply": "[Kept {collection, points, quantization, before, due}]",
    "quantizing:quantize_rollback": "[Kept {collection, points, quantization, before, due}]",
    "quantizing:quantize_advise": "{mind, vectors, cues, measured: [{kind, oversampling, recall, floor,\n"
    "  p50_ms, p99_ms, bytes_a_vector}], recommended, oversampling}",
    "dead:dead_list": "[{id, mind: text | null, stream, entry, reason, times_delivered,\n"
    "  fields: {name: text}}]",
    "dead:dead_retry": "{retried: [entry]}",
    "dead:dead_drop": "{dropped: [id]}",
    "config:config_show": "[{key, value, origin}]",
    "model:model_install": "{path, record}",
    "model:model_show": "{path: text | null, record: what was measured | null}",
}
"""What each command prints with --json. Types with a capital are those of `schemas`: a receipt and an
answer are whole, inside them a field that has its default may be left out. After an error it is
{error, message}."""

Verb = tuple[str, str, str, str, Add]
FAMILIES: list[tuple[str, str, list[Verb]]] = [
    ("memory", "Look at one memory.", [
        ("show", "One memory with everything that is stored of it.",
         "cognition memory show --mind ana ana-0042", "minds:memory_show", memory_options),
    ]),
    ("mind", "Look after a whole mind.", [
        ("rebuild", "Derive anew vectors in context, lexicon and what cuts episodes from the memories.",
         "cognition mind rebuild --mind ana", "minds:mind_rebuild", rebuild_options),
        ("promote", "Give a large mind shards of its own on a Qdrant server, while it is served.",
         "cognition mind promote ana", "promoting:mind_promote", promote_options),
    ]),
    ("episode", "Look at one episode.", [
        ("show", "One episode: why it ended, what holds it and what it holds.",
         "cognition episode show --mind ana 5b0f...", "episodes:episode_show", episode_options),
    ]),
    ("segmenter", "Look at how the episodes of a mind are cut.", [
        ("show", "Thresholds, what its stream has taught so far, and what ended the latest episodes.",
         "cognition segmenter show --mind ana", "segmenting:segmenter_show", no_options),
    ]),
    ("identity", "Look at the identity of a mind.", [
        ("show", "The identity, its laws and its history.",
         "cognition identity show --mind ana", "minds:identity_show", no_options),
        ("verify", "Check laws and history against their hashes; 1 if they do not match.",
         "cognition identity verify --mind ana", "minds:identity_verify", no_options),
    ]),
    ("sleep", "Sleep now: replay, connect, tidy up; a night can be looked at, and taken back.", [
        ("log", "The latest nights, and how strong the pressure to sleep is.",
         "cognition sleep log --mind ana", "sleeping:sleep_log", log_options),
        ("show", "One cycle as a page: what it did, to what, how the canary fared.",
         "cognition sleep show 12 --mind ana", "sleeping:sleep_show", cycle_options),
        ("undo", "Take back what a cycle did, but for what was touched since.",
         "cognition sleep undo 12 --mind ana", "sleeping:sleep_undo", cycle_options),
        ("pause", "Do not sleep any more, but on request.",
         "cognition sleep pause --mind ana", "sleeping:sleep_pause", pause_options),
        ("resume", "Sleep again when it is time.",
         "cognition sleep resume --mind ana", "sleeping:sleep_resume", pause_options),
    ]),
    ("quantize", "How vectors are kept in memory: 32, 8, 4 or 1 bits beside the originals.", [
        ("show", "How each collection is kept, and was before.",
         "cognition quantize show", "quantizing:quantize_show", no_options),
        ("advise", "Measure each kind on a mind's own vectors; the cheapest that finds enough.",
         "cognition quantize advise --mind ana", "quantizing:quantize_advise", advise_options),
        ("apply", "Keep the vectors so from now on, while reads and writes go on.",
         "cognition quantize apply int8", "quantizing:quantize_apply", apply_options),
        ("rollback", "Keep them as before the last change.",
         "cognition quantize rollback", "quantizing:quantize_rollback", change_options),
    ]),
    ("schema", "The collections that hold the memories, and whether they are as this version needs them.", [
        ("check", "Say of each collection what has drifted, and what to do; 1 if anything has to be done.",
         "cognition schema check", "schema:schema_check", no_options),
        ("migrate", "Put right what can be put right while it is served; change the number of partitions.",
         "cognition schema migrate", "schema:schema_migrate", migrate_options),
    ]),
    ("dead", "Entries that could not be taken.", [
        ("list", "What lies there, with the reasons; with --mind of one mind.",
         "cognition dead list", "dead:dead_list", no_options),
        ("retry", "Put entries back into their stream.",
         "cognition dead retry all --mind ana", "dead:dead_retry", dead_options),
        ("drop", "Throw entries away.", "cognition dead drop all", "dead:dead_drop", dead_options),
    ]),
    ("config", "Look at the settings.", [
        ("show", "Each setting, its value, and where it came from.",
         "cognition config show", "config:config_show", no_options),
    ]),
    ("model", "The embedding model.", [
        ("install", "Fetch and check the weights, and measure this machine.",
         "cognition model install", "model:model_install", model_options),
        ("show", "Where the weights are and what was measured.",
         "cognition model show", "model:model_show", no_options),
    ]),
]  # fmt: skip


ALONE: dict[str, tuple[str, str, Add]] = {
    "sleep": ("sleeping:sleep", "cognition sleep --mind ana --cycles 2", sleep_options),
}
"""Families that do something without a verb."""
