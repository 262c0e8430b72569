"""python -m chaos.supervise DATA PORT WORKERS CLOCKS: `kinerja up` whose services and PostgreSQL have a clock each."""

import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from cli.foreground import run
from deploy.embedded.data import Data


def library() -> Path | None:
    """libfaketime, which lets the clock of a process jump; None where it is not installed."""
    package = find_spec("libfaketime")
    if package is None or package.origin is None:
        return None
    found = sorted(Path(package.origin).parent.rglob("libfaketime.so.1"))
    return found[0] if found else None


def clock(clocks: Path, process: str) -> Mapping[str, str]:
    """The environment that lets `process` read its wall clock, and only that, through the file of its name."""
    faked = library()
    if faked is None:
        return {}
    return {
        "LD_PRELOAD": str(faked),
        "FAKETIME_TIMESTAMP_FILE": str(clocks / process),
        "FAKETIME_CACHE_DURATION": "1",  # seconds between looks at the file
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DONT_RESET": "1",
        "NO_FAKE_STAT": "1",
    }


def main() -> None:
    """Run until told to stop."""
    root, port, workers, clocks = sys.argv[1:]
    data, folder = Data(Path(root)), Path(clocks)
    with data.claimed():
        run(data, int(port), further_workers=int(workers), environment=lambda name: clock(folder, name))


if __name__ == "__main__":
    main()
