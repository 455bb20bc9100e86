"""`python -m cognition` is `cognition`."""

from cognition.cli import script

if __name__ == "__main__":
    script()
