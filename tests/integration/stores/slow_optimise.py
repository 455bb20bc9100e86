"""`edge_optimise` that waits before it copies the log: it says so with a file, and goes on with another."""

from __future__ import annotations

import os
import time
from pathlib import Path

from cognition.stores import edge_directory, edge_optimise

FOLDER = "COGNITION_TEST_FOLDER"
AT_THE_LOG, GO_ON = "at the log", "go on"


def main() -> None:
    folder = Path(os.environ[FOLDER])
    copy = edge_directory._copy_file

    def patient(source: str, target: str) -> None:
        if "/wal/" in source and not (folder / AT_THE_LOG).exists():
            (folder / AT_THE_LOG).touch()
            while not (folder / GO_ON).exists():
                time.sleep(0.005)
        copy(source, target)

    edge_directory._copy_file = patient
    edge_optimise.main()


if __name__ == "__main__":
    main()
