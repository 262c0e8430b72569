"""python -m chaos [--seconds N] [--seed N] [--rate N] [--keep DIR]"""

import argparse
import asyncio
import json
import secrets
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from chaos.run import RECOVERY_SECONDS, Report, Run, Struck

_console = Console(stderr=True)


def _table(report: Report) -> Table:
    table = Table(title=f"Chaos, seed {report.seed}", title_justify="left")
    for column in ("fault", "times", "kills", "recovery: median s", "slowest s"):
        table.add_column(column, justify="left" if column == "fault" else "right")
    by_kind: dict[str, list[Struck]] = defaultdict(list)
    for each in report.struck:
        by_kind[each.fault.kind].append(each)
    for kind, struck in sorted(by_kind.items()):
        times = [each.recovery for each in struck]
        kills = sum(each.fault.kills for each in struck)
        table.add_row(kind, str(len(struck)), str(kills or ""), f"{median(times):.1f}", f"{max(times):.1f}")
    return table


def _print(report: Report) -> None:
    out = Console(width=max(_console.width, 100))
    out.print(_table(report))
    for kind, why in report.left_out.items():
        out.print(f"Left out: {kind} ({why}).")
    found = report.account
    out.print(f"{report.journal.accepted} commands accepted in {len(report.journal.offices)} offices.")
    out.print(f"Lost {found.lost}, counted twice {found.doubled}, different from the recomputation {found.different}.")
    out.print(f"Slowest recovery {report.slowest:.1f} s of {RECOVERY_SECONDS:g} s allowed.")
    answers = ", ".join(f"{count} × {answer}" for answer, count in report.journal.others.most_common())
    out.print(f"Answers after which the load tried again: {answers or 'none'}.", soft_wrap=True)
    for note in found.notes[:50]:
        out.print(note, soft_wrap=True, markup=False, highlight=False)
    print(json.dumps(report.as_json()))


def _line(text: str) -> None:
    _console.print(text, soft_wrap=True, highlight=False)


def _seldom() -> Callable[[str], None]:
    """A line every ten seconds, for where no line can be written over."""
    told = 0.0

    def tell(text: str) -> None:
        nonlocal told
        if time.monotonic() - told >= 10:
            told = time.monotonic()
            _line(text)

    return tell


def main() -> int:
    """Exit code 0 when nothing was lost, doubled or different and every recovery took at most 30 s; 2 for wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m chaos", description="Kill everything under load, then account.")
    parser.add_argument("--seconds", type=float, default=600, help="how long faults strike (default: %(default)g)")
    parser.add_argument("--seed", type=int, help="the same faults again (default: a new one, which is printed)")
    parser.add_argument("--rate", type=float, default=40, help="entries logged a second (default: %(default)g)")
    parser.add_argument("--keep", type=Path, help="an empty folder in which data and logs stay")
    chosen = parser.parse_args()
    if chosen.seconds <= 0 or chosen.rate <= 0:
        parser.error("--seconds and --rate are above 0")
    if chosen.keep is not None and chosen.keep.exists() and any(chosen.keep.iterdir()):
        parser.error(f"{chosen.keep} is not empty")
    seed = secrets.randbelow(1_000_000) if chosen.seed is None else chosen.seed
    _console.print(f"Seed {seed}: `python -m chaos --seed {seed} --seconds {chosen.seconds:g}` does the same again.")
    with tempfile.TemporaryDirectory(prefix="kinerja-chaos-") as temporary, _console.status("starting") as status:
        folder = chosen.keep.absolute() if chosen.keep is not None else Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        tell = status.update if _console.is_terminal else _seldom()
        report = asyncio.run(Run(seed, chosen.seconds, chosen.rate, tell, _line).on(folder))
    _print(report)
    return 0 if report.passed else 1


if __name__ == "__main__":
    sys.exit(main())
