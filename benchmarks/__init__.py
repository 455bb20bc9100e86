"""Programs that measure the engine as its users get it. Not shipped.

Run as ``python -m benchmarks NAME [--json]``. Nothing outside this package may import it.
"""
