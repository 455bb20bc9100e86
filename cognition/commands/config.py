"""`cognition config`: each setting with where it came from."""

from __future__ import annotations

import argparse
import os

from cognition.cli import DONE
from cognition.commands.running import loaded_settings, print_json
from cognition.data_directory import directory_of
from cognition.settings import shown


async def config_show(options: argparse.Namespace) -> int:
    """Every key, value and origin; secrets hidden."""
    loaded = loaded_settings(options)
    rows = shown(loaded)
    if options.json:
        print_json([{"key": k, "value": v, "origin": o} for k, v, o in rows])
        return DONE
    print(f"# data directory: {directory_of(loaded.settings.data, os.environ)}")
    width = max(len(key) for key, _, _ in rows)
    for key, value, origin in rows:
        print(f"{key:{width}}  {value!r:30}  {origin}")
    return DONE
