"""Identity: the singleton self of a mind, its invariants, and its history."""

from schemas.base import Message


class Law(Message, frozen=True, kw_only=True, omit_defaults=False):
    """An invariant of the self. Its text is part of the hash."""

    name: str
    text: str


class Revision(Message, frozen=True, kw_only=True, omit_defaults=False):
    """One step of the history: what changed, chained by hash to the step before."""

    number: int
    at: float
    event: str
    previous_hash: str
    hash: str


class SelfModel(Message, frozen=True, kw_only=True, omit_defaults=False):
    """What the mind holds of itself."""

    traits: dict[str, float] = {}
    strengths: list[str] = []
    growth_areas: list[str] = []


class ConnectionDrive(Message, frozen=True, kw_only=True, omit_defaults=False):
    """The drive to connect; never zero (floor 0.001)."""

    level: float = 0.5
    target: float = 0.5
    last_event: float | None = None


class Lifetime(Message, frozen=True, kw_only=True, omit_defaults=False):
    """Counters over the whole life of a mind."""

    percepts: int = 0
    memories: int = 0
    episodes: int = 0
    repeats: int = 0
    forgotten: int = 0
    sleeps: int = 0
    strengthened: int = 0


class Identity(Message, frozen=True, kw_only=True, omit_defaults=False):
    """The one identity of one mind, without its vector (the self-concept)."""

    id: str
    mind: str
    name: str = ""
    full_name: str = ""
    born_at: float = 0.0
    core_values: list[str] = []
    self_model: SelfModel = SelfModel()
    connection_drive: ConnectionDrive = ConnectionDrive()
    laws: list[Law] = []
    laws_hash: str = ""
    laws_verified_at: float = 0.0
    revisions: list[Revision] = []
    lifetime: Lifetime = Lifetime()
    first_percept_at: float | None = None
    last_percept_at: float | None = None
    restart_count: int = 0
    session_started_at: float = 0.0
    last_sleep_at: float | None = None
    schema_version: int = 1
    epoch: int = 0
    rev: int = 0
