"""Writes the bytes of what has none yet: ``python -m tests.evolution.write_golden``.

What has been released is never written again. A changed type gets a new version and a value
of its own in `tests.evolution.values`; the old bytes stay and must still be read.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from schemas.base import Message
from schemas.wire import encode
from tests.evolution.values import EXPECTED

GOLDEN = Path(__file__).with_name("golden")


def path_of(tag: str) -> Path:
    """Where the bytes of a tag lie: ``golden/v1/percept.msgpack``."""
    name, _, version = tag.partition("/")
    return GOLDEN / f"v{version}" / f"{name}.msgpack"


def unset_fields(message: Message) -> list[str]:
    """Fields that the bytes would not show, since they are at their default."""
    written = msgspec.msgpack.decode(encode(message))
    return [name for name in message.__struct_fields__ if name not in written]


def main() -> int:
    """Write what is missing, name what is refused; 1 when a released file no longer reads as it was.

    A field that a released type gained later is at its default in the old value, and shows in
    the value of its next version.
    """
    changed = 0
    for tag, message in EXPECTED.items():
        path = path_of(tag)
        if path.exists():
            if msgspec.msgpack.decode(path.read_bytes(), type=type(message)) != message:
                sys.stderr.write(f"{tag}: {path.name} is released and stays; give the change a new version\n")
                changed = 1
        elif unset := unset_fields(message):
            sys.stderr.write(f"{tag}: give {', '.join(unset)} another value than its default\n")
            return 2
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode(message))
            sys.stdout.write(f"{tag}: written\n")
    return changed


if __name__ == "__main__":
    sys.exit(main())
