"""Batches get through though services are away, have not heard yet, or the import is killed half-way."""

import time
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from cli.importing import sender as sending
from cli.importing.journal import Journal
from cli.importing.sender import Answer, Item, Sender, batches, count
from cli.importing.tally import Tally
from cli.system import Refused, System, Unreachable
from deploy.embedded.data import Data
from tests.cli.importing.service import Answering, answering


class Service:
    """Answers each item by `say`; keeps what it was sent. Away for the first `away` requests."""

    def __init__(self, say: Any = None, away: int = 0) -> None:
        self.say, self.away = say or (lambda _: {"status": 201, "version": 1}), away
        self.sent: list[list[Any]] = []

    def __call__(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if self.away:
            self.away -= 1
            return 503, {"code": "database-unavailable", "detail": "Try again."}
        self.sent.append(body["items"])
        return 200, {"results": [self.say(item) for item in body["items"]]}


def items(n: int) -> list[Item]:
    return [Item((row,), {"n": row}) for row in range(2, n + 2)]


def send(service: Answering, folder: Path, what: Sequence[Item], journal: Journal | None = None, **more: Any) -> Any:
    with answering(service, Data(folder)) as system:
        return Sender(system, "medan", "token", journal).send("entries", "activity", "/imports", what, **more)


def test_a_service_gets_as_much_time_for_others_as_it_took(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)

    def answer(item: Any) -> dict[str, Any]:
        if item["n"] % 100 == 2:  # once a batch
            Event().wait(0.05)
        return {"status": 201, "version": 1}

    send(Service(answer), tmp_path, items(150))
    assert len(pauses) == 2
    assert min(pauses) >= 0.05


@pytest.fixture(autouse=True)
def _no_long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    real = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: real(min(seconds, 0.01)))


def test_items_go_in_batches_and_their_answers_come_back_in_order(tmp_path: Path) -> None:
    service = Service(lambda item: {"status": 200 if item["n"] % 2 else 201, "version": 1, "id": str(item["n"])})
    answers = send(service, tmp_path, items(220))
    assert [len(batch) for batch in service.sent] == [100, 100, 20]
    assert [answer.id for answer in answers] == [str(n) for n in range(2, 222)]
    assert [answer.outcome for answer in answers[:2]] == ["new", "unchanged"]


def test_items_of_one_group_are_not_parted() -> None:
    grouped = [*items(99), *(Item((n,), {}, group="one person") for n in range(3)), *items(2)]
    assert [len(batch) for batch in batches(grouped)] == [99, 5]
    large = [Item((n,), {}, group="one person") for n in range(500)]
    assert [len(batch) for batch in batches([*items(1), *large, *items(1)])] == [1, 500, 1]
    with pytest.raises(Refused, match="More than 500 rows speak of 'one person'"):
        list(batches([Item((n,), {}, group="one person") for n in range(501)]))


def test_a_batch_is_not_heavier_than_a_service_reads() -> None:
    heavy = [Item((n,), {"text": "x" * 400_000}) for n in range(4)]
    assert [len(batch) for batch in batches(heavy)] == [3, 1]
    assert [len(batch) for batch in batches([Item((1,), {"text": "x" * 5_000_000}), *items(1)])] == [1, 1]


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ({"status": "created"}, "new"),
        ({"status": "changed"}, "changed"),
        ({"status": "unchanged"}, "unchanged"),
        ({"status": 201, "outcome": "changed"}, "changed"),
        ({"status": 200, "outcome": "unchanged"}, "unchanged"),
        ({"status": 201, "version": 1}, "new"),
        ({"status": 201, "version": 2}, "changed"),
        ({"status": 200, "version": 2}, "unchanged"),
    ],
)
def test_every_service_is_understood(tmp_path: Path, said: Any, outcome: str) -> None:
    [answer] = send(Service(lambda _: said), tmp_path, items(1))
    assert answer.outcome == outcome


def test_a_refused_item_is_counted_with_code_detail_and_fields(tmp_path: Path) -> None:
    errors = [{"field": "day", "message": "wrong"}, {"field": "quantity", "message": "too much"}]
    service = Service(lambda _: {"code": "invalid-input", "status": 422, "detail": "Correct it.", "errors": errors})
    tally = Tally()
    count(tally, "entries", send(service, tmp_path, items(1)))
    [refused] = tally.refused
    assert (refused.row, refused.code) == (2, "invalid-input")
    assert refused.reason == "Correct it. day: wrong; quantity: too much"


def test_a_service_that_is_away_is_waited_for(tmp_path: Path) -> None:
    service = Service(away=3)
    assert [answer.outcome for answer in send(service, tmp_path, items(2))] == ["new", "new"]


def test_a_service_that_stays_away_is_named_and_the_way_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "AWAY_SECONDS", 0.2)
    with pytest.raises(Unreachable, match="activity answers 503") as away:
        send(Service(away=10_000), tmp_path, items(1))
    assert (away.value.exit_code, "Run the same command again" in away.value.message) == (4, True)
    nobody = System("", {"activity": "http://127.0.0.1:9"}, "", "0", Data(tmp_path))
    with pytest.raises(Unreachable, match="activity does not answer"):
        Sender(nobody, "medan", "token").send("entries", "activity", "/imports", items(1))


def test_a_refused_request_is_told_in_the_words_of_the_service(tmp_path: Path) -> None:
    def forbidden(method: str, path: str, body: Any) -> tuple[int, Any]:
        return 403, {"code": "role-required", "detail": "One of these roles is required: hr."}

    with pytest.raises(Refused, match="answered 403: role-required: One of these roles is required: hr"):
        send(forbidden, tmp_path, items(1))


def test_rows_that_wait_for_later_ones_are_sent_again_for_as_long_as_that_helps(tmp_path: Path) -> None:
    known: set[int] = {1}

    def say(item: Any) -> Any:
        # Each needs the one above it, which stands below it in the file.
        if item["n"] - 1 not in known:
            return {"code": "superior-unknown", "status": 422, "detail": "Enter the superior first."}
        known.add(item["n"])
        return {"status": "created"}

    backwards = list(reversed(items(4)))
    answers = send(Service(say), tmp_path, [*backwards, Item((99,), {"n": 99})], again={"superior-unknown": 0.0})
    assert [answer.outcome for answer in answers] == ["new", "new", "new", "new", "refused"]


def test_what_a_service_has_not_heard_of_yet_is_sent_again_for_a_while(tmp_path: Path) -> None:
    times = iter(range(100))

    def say(item: Any) -> Any:
        if item["n"] == 3 and next(times) < 4:
            return {"code": "unknown-employee", "status": 422, "detail": "Register them first."}
        return {"status": 201, "version": 1}

    service = Service(say)
    answers = send(service, tmp_path, items(3), again={"unknown-employee": 5.0})
    assert [answer.outcome for answer in answers] == ["new", "new", "new"]
    assert service.sent == [[{"n": 2}, {"n": 3}, {"n": 4}], *[[{"n": 3}]] * 4]


def test_a_whole_instansi_that_is_not_heard_of_yet_is_waited_for(tmp_path: Path) -> None:
    times = iter(range(100))

    def answer(method: str, path: str, body: Any) -> tuple[int, Any]:
        if next(times) < 3:
            return 404, {"code": "unknown-instansi", "detail": "Try again."}
        return 200, {"results": [{"status": 201, "version": 1}] * len(body["items"])}

    answers = send(answer, tmp_path, items(2), again={"unknown-instansi": 5.0})
    assert [answer.outcome for answer in answers] == ["new", "new"]


def test_waiting_ends(tmp_path: Path) -> None:
    service = Service(lambda _: {"code": "unknown-employee", "status": 422, "detail": "Register them first."})
    [answer] = send(service, tmp_path, items(1), again={"unknown-employee": 0.05})
    assert (answer.outcome, answer.code) == ("refused", "unknown-employee")


def test_an_interrupted_import_sends_only_what_was_not_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "imports" / "journal.jsonl"
    monkeypatch.setattr(sending, "AWAY_SECONDS", 0.0)
    first, second = Service(), Service()

    def breaking(method: str, url: str, body: Any) -> tuple[int, Any]:
        return first(method, url, body) if len(first.sent) < 2 else (503, {})

    with pytest.raises(Unreachable):
        send(breaking, tmp_path, items(220), Journal(path))
    answers = send(second, tmp_path, items(220), Journal(path))
    assert [len(batch) for batch in second.sent] == [20]
    assert [answer.outcome for answer in answers] == ["new"] * 220


def test_rows_that_are_still_waiting_are_sent_again_after_an_interruption(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    waiting = Service(lambda _: {"code": "unknown-employee", "status": 422, "detail": "Register them first."})
    send(waiting, tmp_path, items(1), Journal(path), again={"unknown-employee": 0.0})
    [answer] = send(Service(), tmp_path, items(1), Journal(path), again={"unknown-employee": 0.0})
    assert answer == Answer(items(1)[0], "new")


def test_a_dry_run_says_so_to_the_service_and_keeps_no_journal(tmp_path: Path) -> None:
    asked = []

    def answer(method: str, path: str, body: Any) -> tuple[int, Any]:
        asked.append(path)
        return 200, {"results": [{"code": "unknown-employee", "status": 422, "detail": "?"}]}

    journal = Journal(tmp_path / "journal.jsonl")
    with answering(answer, Data(tmp_path)) as system:
        trial = Sender(system, "medan", "token", journal, dry_run=True)
        trial.send("entries", "activity", "/imports/entries", items(1), again={"unknown-employee": 60.0})
    assert asked == ["/api/v1/medan/imports/entries?dry_run=true"]
    assert not journal.path.exists()


def test_all_pages_of_a_list_are_read(tmp_path: Path) -> None:
    def answer(method: str, path: str, body: Any) -> tuple[int, Any]:
        return 200, {"items": [2], "next": None} if "cursor=more" in path else {"items": [1], "next": "more"}

    with answering(answer, Data(tmp_path)) as system:
        assert list(Sender(system, "medan", "token").pages("directory", "/units")) == [1, 2]
