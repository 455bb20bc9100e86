"""What this machine is, as far as the speed of the model goes.

This module must not import torch: it answers before anything heavy is loaded.
"""

from __future__ import annotations

import os
import platform
from hashlib import blake2b
from importlib import metadata
from pathlib import Path

import msgspec

CPU_INFO = Path("/proc/cpuinfo")
# AMX and AVX512-BF16 on x86, BF16 on ARM: the CPU multiplies bfloat16 itself. The x86 AVX2 form has no
# matrix kernels in oneDNN that beat float32, so it does not count.
BFLOAT16_FLAGS = frozenset({"amx_bf16", "avx512_bf16", "bf16", "svebf16"})


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """A measurement holds for this CPU, this many cores and this torch."""

    cpu: str
    flags: tuple[str, ...]
    cores: int
    torch: str

    @property
    def key(self) -> str:
        """A short name, the same for the same machine."""
        return blake2b(msgspec.json.encode(self), digest_size=6).hexdigest()

    @property
    def has_bfloat16(self) -> bool:
        """Whether the CPU multiplies bfloat16 itself."""
        return not BFLOAT16_FLAGS.isdisjoint(self.flags)


def this_machine(cpu_info: Path = CPU_INFO) -> Machine:
    """The machine this process runs on, with the cores that it may use."""
    cpu, flags = _cpu(cpu_info)
    return Machine(cpu=cpu, flags=flags, cores=usable_cores(), torch=_torch_version())


def usable_cores() -> int:
    """Cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu(cpu_info: Path) -> tuple[str, tuple[str, ...]]:
    fields: dict[str, str] = {}
    if cpu_info.is_file():
        for line in cpu_info.read_text(errors="replace").splitlines():
            name, _, value = line.partition(":")
            fields.setdefault(name.strip().lower(), value.strip())
    cpu = fields.get("model name") or platform.processor() or platform.machine()
    return cpu, tuple(sorted(fields.get("flags", fields.get("features", "")).split()))


def _torch_version() -> str:
    try:
        return metadata.version("torch")
    except metadata.PackageNotFoundError:
        return "absent"
