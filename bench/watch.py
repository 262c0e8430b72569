"""What the processes of the running system use: CPU seconds and resident memory, read from /proc."""

import os
from collections.abc import Mapping
from pathlib import Path

from shared.testing.system import EmbeddedSystem

_TICKS = os.sysconf("SC_CLK_TCK")


class Watch:
    """The processes of one system by name: services, `postgres` with its backends, `nats`, and `load`, which is us."""

    def __init__(self, system: EmbeddedSystem) -> None:
        self._roots = {name: int(process["pid"]) for name, process in system.processes().items()}
        self._roots["load"] = os.getpid()

    def cpu(self) -> dict[str, float]:
        """CPU seconds of each so far; those of ended children included."""
        return {name: sum(_cpu(pid) for pid in self._family(name)) for name in self._roots}

    def memory(self) -> dict[str, float]:
        """Proportional set size of each in MB: pages shared by n processes count as an n-th in each."""
        return {name: sum(_pss(pid) for pid in self._family(name)) for name in self._roots if name != "load"}

    def _family(self, name: str) -> list[int]:
        """The process, and PostgreSQL's backends: they are children of the one that was started, or of its child."""
        family = [self._roots[name]]
        if name == "postgres":
            children = _children()
            for pid in family:
                family += children.get(pid, [])
        return family


def used(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """CPU seconds between two looks."""
    return {name: max(after[name] - before[name], 0.0) for name in before}


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            found.setdefault(int(fields[1]), []).append(int(entry.name))
    return found


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on; empty when it ended meanwhile."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _cpu(pid: int) -> float:
    """User and system time, its own and that of children that were waited for."""
    return sum(int(field) for field in _stat(pid)[11:15]) / _TICKS


def _pss(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1000
