"""python -m bench [--quick] [--only ROW …] [--json FILE]"""

import argparse
import asyncio
import importlib
import json
import os
import platform
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.figure import Figure, Untrue
from bench.stage import Size, Stage

#: The modules of `bench.rows`, in the order they run; each has ROWS (what it measures) and measure(stage).
MODULES = (
    *("execute", "post", "batch", "relay", "reaction", "rebuild", "growth"),
    *("load", "neighbour"),
)
#: In the order of the table.
ORDER = (
    *("post", "batch", "relay", "reaction", "rebuild", "execute", "intake", "end_to_end", "freshness", "reads"),
    *("neighbour", "memory", "growth"),
)

_console = Console(stderr=True)


async def measure(modules: Sequence[str], size: Size) -> list[Figure]:
    """The figures of these modules, in the order of the table."""
    figures: list[Figure] = []
    with Stage(size=size) as stage:
        for name in modules:
            started = time.monotonic()
            with _console.status(f"{name} …"):
                found = await importlib.import_module(f"bench.rows.{name}").measure(stage)
            figures += found
            for figure in found:
                _console.print(
                    f"{figure.row.name}: {figure.value:,.1f} {figure.row.unit}, {figure.ratio:.2f} of {figure.limit:,.1f}"
                    f" ({figure.verdict or 'reported'}; {time.monotonic() - started:.0f} s)"
                )
    rank = {name: place for place, name in enumerate(ORDER)}
    return sorted(figures, key=lambda figure: rank.get(figure.row.name, len(ORDER)))


def _table(figures: Sequence[Figure]) -> Table:
    table = Table(title="Each figure beside a limit measured in the same run", title_justify="left")
    for column in ("figure", "value", "unit", "held against", "limit", "ratio", "min – max", "asked", "verdict"):
        table.add_column(column, justify="right" if column in {"value", "limit", "ratio"} else "left", overflow="fold")
    for figure in figures:
        row = figure.row
        named = [f"{asked:g}" for asked in (row.reach, row.aim) if asked is not None]
        asked = f"{row.judged} {'≥' if row.better == 'more' else '≤'} {', '.join(named)}" if named else ""
        table.add_row(
            *(f"[b]{row.name}[/b]\n{row.what}", f"{figure.value:,.1f}", row.unit, row.against, f"{figure.limit:,.1f}"),
            *(f"{figure.ratio:.2f}", f"{figure.min:,.1f} – {figure.max:,.1f}", asked, figure.verdict),
        )
    return table


def _beside(figures: Sequence[Figure]) -> Table:
    """What else was measured, a line each."""
    table = Table(title="Beside them", title_justify="left", box=None, padding=(0, 2, 0, 0))
    for figure in figures:
        row = figure.row
        value = f"{figure.value:,.2f} {row.unit}"
        table.add_row(row.name, value, f"{figure.ratio:.2f} of {figure.limit:,.2f}", row.what)
    return table


def main() -> int:
    """Exit code 0 when everything was measured, whatever the figures say; 1 when the system kept something else than it
    accepted; 2 when it is asked for what there is not.
    """
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short rounds: about 3 minutes instead of at most 15")
    parser.add_argument("--only", nargs="+", choices=MODULES, metavar="PART", help=f"of {', '.join(MODULES)}")
    parser.add_argument("--json", type=Path, default=Path("bench.json"), help="default: %(default)s")
    chosen = parser.parse_args()
    modules = [name for name in MODULES if chosen.only is None or name in chosen.only]
    size: Size = "quick" if chosen.quick else "full"
    started = time.monotonic()
    # Whoever is told to end ends the servers too.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        figures = asyncio.run(measure(modules, size))
    except Untrue as untrue:
        _console.print(f"[red]The system does not keep what it accepted: {untrue}")
        return 1
    write(figures, chosen.json)
    show(figures, Console(width=max(_console.width, 150)))
    run = f"{os.cpu_count()} cores, Python {platform.python_version()}, {size}, {time.monotonic() - started:.0f} s"
    _console.print(f"{run}; written to {chosen.json}")
    return 0


def write(figures: Sequence[Figure], path: Path) -> None:
    """One JSON object: every figure by its name."""
    path.write_text(json.dumps({figure.row.name: figure.as_json() for figure in figures}, indent=2) + "\n")


def show(figures: Sequence[Figure], console: Console) -> None:
    """The table, and what else was measured below it."""
    console.print(_table([figure for figure in figures if figure.row.name in ORDER]))
    console.print(_beside([figure for figure in figures if figure.row.name not in ORDER]))


if __name__ == "__main__":
    sys.exit(main())
