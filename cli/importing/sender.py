"""Batches of rows to a service: with progress, patience while it is away or has not heard yet, and resumption."""

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cli.importing.journal import Journal
from cli.importing.tally import Outcome, Tally
from cli.system import Refused, System, Unreachable

#: As many as a service takes at once.
MOST = 500
#: As many as we send at once: a service answers nobody else while it works on a batch.
BATCH = 100
#: Services read bodies of up to 2 MiB.
BATCH_BYTES = 1_500_000
PAGE = 200
AWAY_SECONDS = 120.0
HEARD_SECONDS = 60.0
_AWAY = {429, 502, 503, 504}
_OUTCOMES: Mapping[object, Outcome] = {
    "created": "new",
    "new": "new",
    "changed": "changed",
    "unchanged": "unchanged",
    200: "unchanged",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One fact as the service takes it, and the rows it was made of. Items of one `group` go in one batch."""

    rows: tuple[int, ...]
    body: Mapping[str, Any]
    group: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service said of an item. `id` is that of the record, where it told one."""

    item: Item
    outcome: Outcome
    id: str | None = None
    code: str = ""
    reason: str = ""


class Sender:
    """Talks to the services about one instansi as the holder of `token`. In a dry run nothing is recorded."""

    def __init__(
        self, system: System, instansi: str, token: str, journal: Journal | None = None, *, dry_run: bool = False
    ) -> None:
        self.system, self.instansi, self.token, self.dry_run = system, instansi, token, dry_run
        self._journal = None if dry_run else journal
        self._http = httpx.Client(timeout=60, trust_env=False, headers={"Authorization": f"Bearer {token}"})

    def call(
        self,
        method: str,
        service: str,
        path: str,
        body: Any = None,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """One request. A service that is away is waited for, two minutes at most; Unreachable after that."""
        url = f"{self.system.service(service)}/api/v1/{self.instansi}{path}"
        until, pause = time.monotonic() + AWAY_SECONDS, 0.2
        while True:
            try:
                answer = self._http.request(method, url, json=body, params=params, headers=headers)
                if answer.status_code not in _AWAY:
                    return answer
                problem = f"answers {answer.status_code}"
            except httpx.TransportError as error:
                problem = f"does not answer ({type(error).__name__})"
            if time.monotonic() > until:
                raise Unreachable(f"{service} {problem}. Run the same command again: it goes on where it stopped.")
            time.sleep(pause)
            pause = min(pause * 2, 5)

    def get(self, service: str, path: str, **params: Any) -> Any:
        """The JSON of a GET. Refused with the problem's own words."""
        return checked(self.call("GET", service, path, params=params))

    def pages(self, service: str, path: str, **params: Any) -> Iterator[Any]:
        """All items of a list that comes in pages."""
        page = self.get(service, path, limit=PAGE, **params)
        yield from page["items"]
        while page["next"]:
            page = self.get(service, path, limit=PAGE, cursor=page["next"], **params)
            yield from page["items"]

    def send(
        self,
        kind: str,
        service: str,
        path: str,
        items: Sequence[Item],
        *,
        again: Mapping[str, float] | None = None,
    ) -> list[Answer]:
        """Send all items in batches; returns what was said of each, in their order.

        Those refused with a code in `again` are sent once more when all others are in, for as long as that helps. Its
        value says for how many seconds more to try: services hear of one another a little later.
        """
        again = {} if self.dry_run else again or {}
        with _bar(kind, len(items)) as (advance, tell):
            answers = list(self._pass(service, path, items, again, advance))
            helped = time.monotonic()
            while waiting := [n for n, answer in enumerate(answers) if answer.code in again]:
                resent = self._pass(service, path, [answers[n].item for n in waiting], again, lambda _: None)
                for n, answer in zip(waiting, resent, strict=True):
                    answers[n] = answer
                left = [again[answers[n].code] for n in waiting if answers[n].code in again]
                if len(left) < len(waiting):
                    helped = time.monotonic()
                elif time.monotonic() - helped >= max(left):
                    break
                else:
                    tell(f"{kind}: {service} has not heard of {len(left)} yet")
                    time.sleep(0.5)
            tell(kind)
        return answers

    def _pass(
        self,
        service: str,
        path: str,
        items: Sequence[Item],
        again: Mapping[str, float],
        advance: Callable[[int], None],
    ) -> Iterator[Answer]:
        for batch in batches(items):
            bodies = [item.body for item in batch]
            results = self._journal.answered(service, path, bodies) if self._journal else None
            if results is None:
                results = self._results(service, path, bodies, again)
                if self._journal and not any(result.get("code") in again for result in results):
                    self._journal.note(results, service, path, bodies)
            yield from (_answer(item, result) for item, result in zip(batch, results, strict=True))
            advance(len(batch))

    def _results(
        self, service: str, path: str, bodies: Sequence[Mapping[str, Any]], again: Mapping[str, float]
    ) -> list[dict[str, Any]]:
        params, started = {"dry_run": "true"} if self.dry_run else {}, time.monotonic()
        answer = self.call("POST", service, path, {"items": bodies}, params=params)
        time.sleep(time.monotonic() - started)  # others get as much of the service's time as an import
        if not answer.is_success and (problem := problem_of(answer)).get("code") in again:
            return [problem] * len(bodies)
        results: list[dict[str, Any]] = checked(answer)["results"]
        return results


def batches(items: Sequence[Item]) -> Iterator[list[Item]]:
    """Items in their order, as many at once as a service takes; those of one group, which stand together, not parted."""
    batch: list[Item] = []
    weight = 0
    for group, members in groupby(enumerate(items), lambda pair: pair[1].group or pair[0]):
        together = [item for _, item in members]
        heavier = sum(len(json.dumps(item.body)) for item in together)
        if batch and (len(batch) + len(together) > BATCH or weight + heavier > BATCH_BYTES):
            yield batch
            batch, weight = [], 0
        if len(together) > MOST:
            raise Refused(f"More than {MOST} rows speak of {group!r}; one batch has to hold them all.")
        batch += together
        weight += heavier
    if batch:
        yield batch


def count(tally: Tally, kind: str, answers: Sequence[Answer]) -> None:
    """Add answers to the tally."""
    for answer in answers:
        if answer.outcome == "refused":
            tally.refuse(kind, answer.item.rows, answer.code, answer.reason)
        else:
            tally.note(kind, answer.outcome, answer.item.rows)


def checked(answer: httpx.Response) -> Any:
    """The JSON of an answer; Refused with the problem's own words."""
    if answer.is_success:
        return answer.json()
    problem = problem_of(answer)
    reason = f"{problem['code']}: {_reason(problem)}" if "code" in problem else answer.text[:300]
    raise Refused(f"{answer.request.url.path} answered {answer.status_code}: {reason}")


def problem_of(answer: httpx.Response) -> dict[str, Any]:
    """The problem document of an answer; empty when there is none."""
    try:
        problem = answer.json()
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}


def _reason(problem: Mapping[str, Any]) -> str:
    fields = "; ".join(f"{error['field']}: {error['message']}" for error in problem.get("errors", [])[:3])
    return " ".join(filter(None, (problem.get("detail", ""), fields)))


def _answer(item: Item, result: Mapping[str, Any]) -> Answer:
    if code := result.get("code"):
        return Answer(item, "refused", code=code, reason=_reason(result))
    status = result.get("outcome", result["status"])
    if status == 201:
        status = "new" if result["version"] == 1 else "changed"
    return Answer(item, _OUTCOMES[status], id=result.get("id"))


@contextlib.contextmanager
def _bar(kind: str, total: int) -> Iterator[tuple[Callable[[int], None], Callable[[str], None]]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(kind, total=total)
        yield lambda more: progress.advance(task, more), lambda text: progress.update(task, description=text)
