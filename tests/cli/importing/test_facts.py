"""Rows become entries and service records under ids that follow from what they say."""

from pathlib import Path
from uuid import UUID

import pytest

from cli.importing.facts import Reader
from cli.importing.job import Job
from cli.importing.mapping import Mapping
from cli.importing.people import Person
from cli.importing.registering import Known
from cli.importing.sender import Item, Sender
from cli.importing.table import Row
from cli.importing.tally import Refused, Tally
from cli.importing.values import ValueRefused
from cli.system import System
from deploy.embedded.data import Data
from shared.ids import id_time

HASH = "ab" * 32
SITI, BUDI, COUNTER = (f"01920000-0000-7000-8000-00000000000{n}" for n in (1, 2, 3))
MAPPING = Mapping.model_validate(
    {
        "system": "izin",
        "zone": "Europe/Amsterdam",
        "people": {"columns": [{"person": "who", "unit": "group"}, {"person": "responsible"}]},
        "entries": {
            "identity": "task",
            "employee": "who",
            "time": "at",
            "activity": "did",
            "unit": "group",
            "quantity": "amount",
            "minutes": "spent",
            "description": "words",
            "indicator": {"constant": "work"},
        },
        "service_records": {
            "identity": "case",
            "product": {"constant": "Izin Usaha"},
            "officer": "responsible",
            "started": "begun",
            "completed": "ended",
            "due": "due",
        },
    }
)
ROW = {
    "task": "t-1",
    "who": "siti",
    "at": "2011-01-31 23:30:00+00:00",
    "did": "T02 Check",
    "group": "Counter",
    "amount": "1,5",
    "spent": "30",
    "words": "Memeriksa berkas",
    "case": "c-1",
    "responsible": "budi",
    "begun": "2011-01-03 08:00",
    "ended": "2011-02-01 09:00",
    "due": "2011-02-01",
}


def reader(folder: Path, *rows: dict[str, str], instansi: str = "medan") -> Reader:
    people: dict[Person, str | None] = {Person("siti", "izin"): SITI, Person("budi", "izin"): BUDI}
    stranger = {Person("nobody", "izin"): ValueRefused("unknown-employee", "The person is not known.")}
    knows = Known("Europe/Amsterdam", people, stranger, {"Counter": COUNTER})
    sender = Sender(System("", {}, "", "0", Data(folder)), instansi, "token")
    told = [Row(number, row) for number, row in enumerate(rows, 2)]
    return Reader(Job(told, HASH, sender, Tally()), MAPPING, knows)


def entries(read: Reader) -> list[Item]:
    assert MAPPING.entries is not None
    return list(read.entries(MAPPING.entries))


def records(read: Reader) -> list[Item]:
    assert MAPPING.service_records is not None
    return list(read.records(MAPPING.service_records))


def test_a_row_is_an_entry_on_the_day_of_the_zone(tmp_path: Path) -> None:
    read = reader(tmp_path, ROW)
    [item] = entries(read)
    body = dict(item.body)
    id, indicator = UUID(body.pop("id")), UUID(body.pop("indicator"))
    assert item.rows == (2,)
    assert id_time(id).isoformat() == "2011-01-31T23:30:00+00:00"
    assert id_time(indicator).isoformat() == "2011-01-01T00:00:00+00:00"
    assert body == {
        "employee": SITI,
        "day": "2011-02-01",
        "done_at": "2011-01-31T23:30:00+00:00",
        "quantity": "1.5",
        "activity": "t02-check",
        "unit": COUNTER,
        "minutes": 30,
        "description": "Memeriksa berkas",
        "source": {"system": "izin", "file_hash": HASH, "row": 2},
    }
    assert read.years == {2011}


def test_a_day_without_a_time_has_no_time(tmp_path: Path) -> None:
    [item] = entries(reader(tmp_path, ROW | {"at": "31/01/2011"}))
    assert item.body["day"] == "2011-01-31"
    assert "done_at" not in item.body


def test_what_is_empty_is_left_out(tmp_path: Path) -> None:
    empty = dict.fromkeys(("did", "group", "spent", "words"), "")
    [item] = entries(reader(tmp_path, ROW | empty))
    assert set(item.body) == {"id", "employee", "day", "done_at", "quantity", "source", "indicator"}


def test_the_id_is_the_same_for_ever_and_another_for_another_fact(tmp_path: Path) -> None:
    def id_of(instansi: str = "medan", **more: str) -> str:
        [item] = entries(reader(tmp_path, ROW | more, instansi=instansi))
        return str(item.body["id"])

    assert id_of() == id_of(amount="3", did="other", who="budi")
    assert len({id_of(), id_of(task="t-2"), id_of(at="2011-02-02"), id_of(instansi="binjai")}) == 4


@pytest.mark.parametrize(
    ("more", "code", "says"),
    [
        ({"task": ""}, "cell-empty", "task is empty"),
        ({"who": ""}, "cell-empty", "who is empty"),
        ({"amount": ""}, "cell-empty", "amount is empty"),
        ({"who": "nobody"}, "unknown-employee", "who: The person is not known."),
        ({"group": "Elsewhere"}, "unit-unknown", "group: names a unit"),
        ({"at": "noon"}, "time-malformed", "at: 'noon'"),
        ({"at": "1969-12-31"}, "time-malformed", "1970"),
        ({"at": "2999-12-31"}, "future-date", "2999-12-31 has not come yet"),
        ({"amount": "NaN"}, "number-malformed", "'NaN'"),
        ({"amount": "1.500"}, "number-ambiguous", "1500"),
        ({"spent": "half"}, "number-malformed", "'half'"),
        ({"did": "???"}, "code-empty", "'???'"),
    ],
)
def test_a_row_that_cannot_be_read_is_refused_by_itself(
    tmp_path: Path, more: dict[str, str], code: str, says: str
) -> None:
    read = reader(tmp_path, ROW | more, ROW)
    assert [item.rows for item in entries(read)] == [(3,)]
    [refused] = read.job.tally.refused
    assert (refused.row, refused.code) == (2, code)
    assert says in refused.reason


def test_one_identity_at_two_times_is_refused(tmp_path: Path) -> None:
    read = reader(tmp_path, ROW, ROW | {"at": "2011-02-03"}, ROW)
    assert [item.rows for item in entries(read)] == [(2,), (4,)]
    assert [(refused.row, refused.code) for refused in read.job.tally.refused] == [(3, "identity-twice")]


def test_an_indicator_may_be_named_by_its_id(tmp_path: Path) -> None:
    by_id = MAPPING.model_copy(update={"entries": MAPPING.entries.model_copy(update={"indicator": "did"})})  # type: ignore[union-attr]
    read = reader(tmp_path, ROW | {"did": COUNTER})
    [item] = list(Reader(read.job, by_id, read.known).entries(by_id.entries))  # type: ignore[arg-type]
    assert item.body["indicator"] == COUNTER


def test_a_person_who_would_be_registered_is_only_counted(tmp_path: Path) -> None:
    read = reader(tmp_path, ROW | {"who": "sari", "responsible": "sari"})
    read.known.people[Person("sari", "izin")] = None
    assert entries(read) == []
    assert records(read) == []
    assert read.job.tally.facts == {"entries": {"new": 1}, "service records": {"new": 1}}
    assert read.years == {2011}


def test_rows_of_one_case_are_one_record(tmp_path: Path) -> None:
    [first, open_] = records(reader(tmp_path, ROW, ROW | {"task": "t-2"}, ROW | {"case": "c-2", "ended": ""}))
    body = dict(first.body)
    assert id_time(UUID(body.pop("id"))).isoformat() == "2011-01-03T07:00:00+00:00"
    assert body == {
        "officer": BUDI,
        "product": "izin-usaha",
        "started": "2011-01-03T07:00:00+00:00",
        "completed": "2011-02-01T08:00:00+00:00",
        "due": "2011-01-31T23:00:00+00:00",
        "source": {"system": "izin", "file_hash": HASH, "row": 2},
    }
    assert first.rows == (2,)
    assert "completed" not in open_.body


@pytest.mark.parametrize(
    ("second", "refused"),
    [
        ({"ended": "2011-01-01"}, Refused(2, "record-differs", "row 3 says ended otherwise than row 2.")),
        (
            {"task": "t-2", "responsible": "siti"},
            Refused(2, "record-differs", "row 3 says responsible otherwise than row 2."),
        ),
    ],
)
def test_rows_that_contradict_one_another_are_refused_as_one(
    tmp_path: Path, second: dict[str, str], refused: Refused
) -> None:
    read = reader(tmp_path, ROW, ROW | second)
    assert records(read) == []
    assert read.job.tally.refused == [refused]


def test_a_case_that_ends_before_it_starts_is_refused(tmp_path: Path) -> None:
    read = reader(tmp_path, ROW | {"ended": "2011-01-02"})
    assert records(read) == []
    [refused] = read.job.tally.refused
    assert (refused.code, refused.reason) == ("ends-before-start", "ended lies before begun: correct one of them.")
