"""The two bases of every value: `Message` crosses borders, `Config` comes from a person.

This module must not know any concrete type of the schema.
"""

import msgspec


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A value that crosses a process border or a disk.

    Unknown fields are skipped, so that an older reader survives a newer writer.
    """


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A value that a person wrote. Unknown fields are refused by name."""


class SchemaError(ValueError):
    """A value does not fit the schema. Says which field, which value, and what to do.

    Attributes
    ----------
    kind : the type that was being read, for example ``"Percept"``.
    field : dotted path of the field, ``""`` when the whole value is at fault.
    value : the offending value, shortened for display.
    remedy : one sentence that says what to do.
    """

    def __init__(self, kind: str, field: str, value: object, problem: str, remedy: str) -> None:
        self.kind = kind
        self.field = field
        self.value = shorten(value)
        self.problem = problem
        self.remedy = remedy
        where = f"{kind}.{field}" if field else kind
        super().__init__(f"{where} = {self.value}: {problem}. {remedy}")


def shorten(value: object, limit: int = 80) -> str:
    """A printable form of any value, at most `limit` characters long."""
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."
