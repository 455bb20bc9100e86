"""Settings: one tree, read once at the edge, each value with where it came from.

Flag over environment over file over default. Unknown keys are refused by name. Nothing
below the composition root reads a file or the environment; it is given its part of the tree.
"""

from __future__ import annotations

import difflib
import enum
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_type_hints

import msgspec

from cognition.engine.options import AttentionOptions, EpisodeOptions, MindOptions, RecallOptions
from cognition.engine.sleep_options import SleepOptions
from cognition.errors import SettingsError
from cognition.stores.server_options import ServerOptions
from schemas.base import Config
from schemas.quantization import Quantization, QuantizationKind

Positive = Annotated[float, msgspec.Meta(gt=0.0)]
Count = Annotated[int, msgspec.Meta(ge=1)]
KindOrStored = Literal["stored", "none", "int8", "turbo", "binary"]


class StreamSettings(Config, frozen=True, kw_only=True):
    """Where percepts arrive. An empty `url` means a private server in the data directory."""

    url: str = ""
    namespace: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.-]{1,64}$")] = "tmi"
    partitions: Annotated[int, msgspec.Meta(ge=1, le=1024)] = 16
    batch: Annotated[int, msgspec.Meta(ge=1, le=1024)] = 512
    block_ms: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 250
    deliveries_max: Count = 8
    lone_attempts_max: Count = 3
    lease_s: Positive = 15.0


class QuantizationSettings(Config, frozen=True, kw_only=True):
    """How the vectors that are searched are kept when their collections are made, of memories and archive
    (`kind`) and of single collections (`kinds`); `stored`: not compressed. What is there already stays as it
    is stored, which `cognition quantize apply` changes. `oversampling` and `floor` 0: as is usual for the
    kind."""

    kind: KindOrStored = "stored"
    kinds: dict[str, KindOrStored] = {}
    always_ram: bool = True
    quantile: Annotated[float, msgspec.Meta(ge=0.5, le=1.0)] = 0.99
    rescore: bool = True
    oversampling: Annotated[float, msgspec.Meta(ge=0.0, le=64.0)] = 0.0
    floor: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 0.0

    def of(self, collection: str, *, large: bool) -> Quantization:
        """What is wanted of a collection."""
        kind = self.kinds.get(collection, self.kind if large else "stored")
        return Quantization(
            kind=None if kind == "stored" else QuantizationKind(kind),
            always_ram=self.always_ram,
            quantile=self.quantile,
            rescore=self.rescore,
            oversampling=self.oversampling,
        )


class StoreSettings(ServerOptions, frozen=True, kw_only=True):
    """Where memories are kept: in the data directory, or on a Qdrant server, which a `url` means."""

    backend: Literal["edge", "inline", "server", "local", "oracle"] = "edge"
    optimise_check_s: Positive = 60.0
    quantization: QuantizationSettings = QuantizationSettings()

    @property
    def engine(self) -> str:
        """The engine in force."""
        return "server" if self.url else self.backend


class EmbeddingSettings(Config, frozen=True, kw_only=True):
    """How text becomes vectors. With `enabled = false` only percepts with a vector are taken."""

    enabled: bool = True
    model: str = "all-mpnet-base-v2"
    path: str = ""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    linger_ms: Annotated[float, msgspec.Meta(ge=0.0, le=1_000.0)] = 3.0
    queue_max: Count = 4_096
    attempts_max: Count = 3


class LogSettings(Config, frozen=True, kw_only=True):
    """Logs go to stderr: one line each, for people on a terminal and JSON elsewhere."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    form: Literal["auto", "human", "json"] = "auto"


class Settings(Config, frozen=True, kw_only=True):
    """The whole tree."""

    data: str = ""
    name: str = "cognition"
    shutdown_s: Positive = 20.0
    streams: StreamSettings = StreamSettings()
    store: StoreSettings = StoreSettings()
    embedding: EmbeddingSettings = EmbeddingSettings()
    episodes: EpisodeOptions = EpisodeOptions()
    attention: AttentionOptions = AttentionOptions()
    recall: RecallOptions = RecallOptions()
    minds: MindOptions = MindOptions()
    sleep: SleepOptions = SleepOptions()
    log: LogSettings = LogSettings()


PREFIX = "COGNITION_"
WELL_KNOWN = {
    "REDIS_URL": "streams.url",
    "QDRANT_URL": "store.url",
    "QDRANT_API_KEY": "store.api_key",
    "EMBEDDING_MODEL": "embedding.model",
    "LOG_LEVEL": "log.level",
}
SECRETS = frozenset({"store.api_key"})
LISTS = frozenset(
    {
        "episodes.without",
        "minds.without",
        "recall.without",
        "sleep.also",
        "sleep.without",
        "store.context_indexes",
    }
)
"""Settings of several values; in the environment and in flags they stand with commas between them."""
TABLES = {
    "attention.modes": "ana=compete,bo=retain",
    "minds.languages": "ana=german,bo=french",
    "sleep.schedules": "ana=0 4 * * *,bo=off",
    "store.quantization.kinds": "memories=int8,unconscious=binary",
}
"""Settings that are a table of names that we do not know, and how they are written in the environment and
in flags."""
NOT_SETTINGS = frozenset({"COGNITION_CACHE", "COGNITION_BENCH_DATA", "COGNITION_CONFIG"})


class Loaded(msgspec.Struct, frozen=True):
    """The settings, and for every dotted key where its value came from."""

    settings: Settings
    origins: dict[str, str]


def load(
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, Any] | None = None,
) -> Loaded:
    """Read the tree. `flags` are dotted keys; None values are ignored.

    Raises `SettingsError` that names the key, its value, its source and the remedy.
    """
    values = _flatten(msgspec.to_builtins(Settings()))
    origins = dict.fromkeys(values, "default")
    layers: list[tuple[str, Mapping[str, Any]]] = []
    if file is not None:
        layers.append((str(file), _flatten(_read(file))))
    layers.append(("environment", _from_environment(environment or {})))
    layers.append(("flag", {k: v for k, v in (flags or {}).items() if v is not None}))
    for source, layer in layers:
        for key, value in layer.items():
            if key not in values:
                raise _unknown(key, source, values)
            values[key] = value
            origins[key] = source
    return Loaded(_convert(values, origins), origins)


def shown(loaded: Loaded) -> list[tuple[str, Any, str]]:
    """(key, value, origin) of every setting, secrets and passwords in URLs hidden."""
    rows = []
    for key, value in _flatten(msgspec.to_builtins(loaded.settings)).items():
        if key in SECRETS and value:
            value = "***"
        elif key.endswith("url") and value:
            value = hide_password(str(value))
        rows.append((key, value, loaded.origins[key]))
    return rows


def hide_password(url: str) -> str:
    """The URL with its password replaced by ``***``, in both places where it can stand."""
    scheme, separator, rest = re.sub(r"([?&](?:\w+_)?password=)[^&]*", r"\1***", url).partition("://")
    credentials, at, place = rest.rpartition("@")
    if not at:
        return f"{scheme}{separator}{rest}"
    user = credentials.partition(":")[0]
    return f"{scheme}{separator}{user}:***@{place}"


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError as error:
        raise SettingsError(
            f"config file {file} does not exist", remedy="Correct --config or create the file."
        ) from error
    except OSError as error:
        raise SettingsError(
            f"config file {file} cannot be read: {error.strerror or error}",
            remedy="Name a file of settings that may be read.",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"config file {file} is not TOML: {error}", remedy="Correct the line that it names."
        ) from error


def _flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, dict) and prefix + name not in TABLES:
            flat.update(_flatten(value, f"{prefix}{name}."))
        else:
            flat[prefix + name] = value
    return flat


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    found = {key: environment[name] for name, key in WELL_KNOWN.items() if environment.get(name)}
    for name, value in environment.items():
        if name.startswith(PREFIX) and name not in NOT_SETTINGS:
            found[name[len(PREFIX) :].lower().replace("__", ".")] = value
    return found


def _unknown(key: str, source: str, known: Mapping[str, Any]) -> SettingsError:
    close = difflib.get_close_matches(key, known, n=1)
    hint = f"Did you mean {close[0]}?" if close else "See `cognition config show` for every key."
    return SettingsError(f"unknown setting {key} (from {source})", remedy=hint)


def _table(key: str, text: str, origins: Mapping[str, str]) -> dict[str, str]:
    table = {}
    for part in filter(None, map(str.strip, text.split(","))):
        name, separator, value = part.partition("=")
        if not separator or not name.strip():
            raise SettingsError(
                f"setting {key} = {text!r} (from {origins.get(key, '?')}): {part!r} is not NAME=VALUE",
                remedy=f"Write for example {TABLES[key]}.",
            )
        table[name.strip()] = value.strip()
    return table


def _convert(values: Mapping[str, Any], origins: Mapping[str, str]) -> Settings:
    tree: dict[str, Any] = {}
    for key, value in values.items():
        if key in LISTS and isinstance(value, str):
            value = [part.strip() for part in value.split(",") if part.strip()]
        if key in TABLES and isinstance(value, str):
            value = _table(key, value, origins)
        *parents, leaf = key.split(".")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
        node[leaf] = value
    try:
        settings = msgspec.convert(tree, Settings, strict=False)
    except msgspec.ValidationError as error:
        problem, _, path = str(error).partition(" - at `$.")
        key = path.rstrip("`")
        whole = key if key in values else key.partition("[")[0]
        raise SettingsError(
            f"setting {key} = {values.get(whole)!r} (from {origins.get(whole, '?')}): {problem}",
            remedy=f"{_choices(whole)}; `cognition config show` lists every key with its value.",
        ) from error
    _require_replicas(settings.store, origins)
    return settings


def _choices(key: str) -> str:
    """What to write for a setting: one of its words, where it takes only some."""
    kind: Any = Settings
    for part in key.split("."):
        kind = get_type_hints(kind).get(part, str) if hasattr(kind, "__struct_fields__") else str
    words = list(_words(kind))
    form = f", written as {TABLES[key]}" if key in TABLES else ""
    return f"Use any of {', '.join(words)}{form}" if words else f"Correct the value{form}"


def _words(kind: Any) -> Iterator[str]:
    """The words that a type consists of, or that are values of it."""
    if isinstance(kind, str):
        yield kind
    elif isinstance(kind, type) and issubclass(kind, enum.Enum):
        yield from (str(word.value) for word in kind)
    else:
        for part in get_args(kind):
            yield from _words(part)


def _require_replicas(store: StoreSettings, origins: Mapping[str, str]) -> None:
    """A server takes the smaller number without a word: writes would be on fewer replicas than asked for."""
    wanted, there = store.write_consistency_factor, store.replication_factor
    if wanted > there:
        key, of = "store.write_consistency_factor", "store.replication_factor"
        raise SettingsError(
            f"setting {key} = {wanted} (from {origins.get(key, '?')}): {of} is {there} "
            f"(from {origins.get(of, '?')}), and no write can be on more replicas than there are",
            remedy=f"Raise {of} to {wanted}, or lower {key} to {there} or less.",
        )
