"""Batches of rows to a service: with progress, patience while it is away, a file of refused rows, and resumption."""

import contextlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cli.importing.table import chunks, write
from cli.system import System, Unreachable

BATCH = 500
_PATIENCE_SECONDS = 120
_AWAY = {429, 502, 503, 504}


@dataclass(frozen=True, slots=True)
class Item:
    """One row as the service takes it."""

    row: int
    body: dict[str, Any]


@dataclass(slots=True)
class Tally:
    """What became of the rows."""

    rows: int = 0
    accepted: int = 0
    unchanged: int = 0
    refused: list[tuple[int, str, str]] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    def refuse(self, row: int, code: str, detail: str) -> None:
        """Note a refused row."""
        self.refused.append((row, code, detail))

    def summary(self) -> dict[str, Any]:
        """The last line of `--json`."""
        return {
            "rows": self.rows,
            "accepted": self.accepted,
            "unchanged": self.unchanged,
            "refused": len(self.refused),
            "seconds": round(time.monotonic() - self.started, 2),
        }


class Journal:
    """Which batches of an interrupted import were already answered; gone once the import is complete."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.done: dict[str, dict[str, Any]] = {}
        with contextlib.suppress(FileNotFoundError, ValueError):
            self.done = json.loads(path.read_text())

    def note(self, key: str, answer: dict[str, Any]) -> None:
        """Keep the answer of a batch; a kill while writing leaves the older file."""
        self.done[key] = answer
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(".draft")
        draft.write_text(json.dumps(self.done))
        draft.replace(self.path)

    def close(self) -> None:
        """The import is complete."""
        self.path.unlink(missing_ok=True)


class Sender:
    """Talks to the services of a system as `token`."""

    def __init__(self, system: System, instansi: str, token: str, tally: Tally, journal: Journal | None) -> None:
        self.system, self.instansi, self.tally, self.journal = system, instansi, tally, journal
        self.http = httpx.Client(timeout=60, trust_env=False, headers={"Authorization": f"Bearer {token}"})

    def call(self, method: str, service: str, path: str, body: Any = None, **params: Any) -> httpx.Response:
        """One request; a service that is away is waited for, two minutes at most. Unreachable after that."""
        url = f"{self.system.service(service)}/api/v1/{self.instansi}{path}"
        until, pause = time.monotonic() + _PATIENCE_SECONDS, 0.2
        while True:
            try:
                answer = self.http.request(method, url, json=body, params=params)
                if answer.status_code not in _AWAY:
                    return answer
                problem = f"answers {answer.status_code}"
            except httpx.TransportError as error:
                problem = repr(error)
            if time.monotonic() > until:
                raise Unreachable(f"{service} {problem}. Run the same command again: it goes on where it stopped.")
            time.sleep(pause)
            pause = min(pause * 2, 5)

    def get(self, service: str, path: str, **params: Any) -> Any:
        """The JSON of a GET; ClickException with the problem's own words when it is refused."""
        return checked(self.call("GET", service, path, **params))

    def send(
        self, what: str, service: str, path: str, items: Sequence[Item], *, key: str = "items", dry_run: bool = False
    ) -> list[tuple[Item, dict[str, Any]]]:
        """Send all items in batches and count the answers; returns what each item was answered."""
        answers: list[tuple[Item, dict[str, Any]]] = []
        with _bar(what, len(items)) as advance:
            for number, batch in enumerate(chunks(items, BATCH)):
                name = f"{what}:{number}"
                answer = self.journal.done.get(name) if self.journal and not dry_run else None
                if answer is None:
                    params = {"dry_run": "true"} if dry_run else {}
                    body = {key: [item.body for item in batch]}
                    answer = checked(self.call("POST", service, path, body, **params))
                    if self.journal and not dry_run:
                        self.journal.note(name, answer)
                results = answer["results"]
                answers += zip(batch, results, strict=True)
                advance(len(batch))
        return answers

    def count(self, answers: Sequence[tuple[Item, dict[str, Any]]]) -> None:
        """Add answers to the tally."""
        for item, result in answers:
            if result.get("code"):
                self.tally.refuse(item.row, result["code"], result.get("detail", ""))
            elif result["status"] == "unchanged":
                self.tally.unchanged += 1
            else:
                self.tally.accepted += 1


def checked(answer: httpx.Response) -> Any:
    """The JSON of an answer; a refusal as one clear error."""
    if answer.is_success:
        return answer.json() if answer.content else None
    try:
        problem = answer.json()
        detail = f"{problem['code']}: {problem['detail']}"
        if problem.get("errors"):
            detail += " " + "; ".join(f"{e.get('field')}: {e.get('message')}" for e in problem["errors"][:3])
    except (ValueError, KeyError):
        detail = answer.text[:300]
    raise click.ClickException(f"{answer.request.url.path} answered {answer.status_code}: {detail}")


def write_refused(tally: Tally, source: Path) -> Path | None:
    """The refused rows beside where the command runs: row number, code, reason. None when there are none."""
    if not tally.refused:
        return None
    path = Path(f"{source.name.split('.')[0]}.refused.csv")
    write(path, ("row", "code", "reason"), sorted(tally.refused))
    return path


def report(tally: Tally, source: Path, *, as_json: bool) -> None:
    """Say what became of the rows; the JSON object is the last line."""
    console, summary = Console(stderr=True), tally.summary()
    path = write_refused(tally, source)
    console.print(
        f"{summary['rows']} rows: {summary['accepted']} accepted, {summary['unchanged']} unchanged,"
        f" {summary['refused']} refused, {summary['seconds']} s"
    )
    for row, code, detail in sorted(tally.refused)[:5]:
        console.print(f"  row {row}: {code}: {detail}", highlight=False)
    if path:
        console.print(f"All refused rows with their reasons: {path}", highlight=False)
    if as_json:
        click.echo(json.dumps(summary))


@contextlib.contextmanager
def _bar(what: str, total: int) -> Iterator[Any]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(what, total=total)
        yield lambda more: progress.advance(task, more)
