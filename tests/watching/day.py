"""A system whose traces are all collected, and a day's traffic in it: an entry that is verified, then corrected downwards,
so that its author is told by mail that the score fell below expectation."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.ids import fresh_id
from shared.testing.system import EmbeddedSystem
from tests.e2e.story import plan
from tests.e2e.town import Agency, Town, entry, until
from tests.watching.collector import Collector, collecting

CODE = "kota-pantau"
TRACE, CLIENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
UNSAMPLED = "5bf92f3577b34da6a3ce929d0e0e4737"
CORRELATION = "watched-0001"
NAMES = {"kepala": ("Dame Siregar", "197502022000022003"), "rosma": ("Rosma Purba", "198503032010032004")}


@dataclass(frozen=True)
class Day:
    """The system, its agency, and who received its spans."""

    town: Town
    agency: Agency
    collector: Collector


@pytest.fixture(scope="session")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """Traffic that has come to its end, in a system that goes on."""
    with collecting() as collector:
        system = EmbeddedSystem(_folder(tmp_path_factory))
        system.up(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_TRACES_SAMPLER_ARG="1", OTEL_BSP_SCHEDULE_DELAY="200")
        town = Town(system)
        try:
            made = Day(town, Agency(town, CODE), collector)
            _found(made.agency)
            _work(made.agency)
            until(lambda: any(span.name == "mail" for span in collector.of(TRACE)))
            town.settle()
            yield made
        finally:
            town.leave()
            system.down()


def _folder(factory: pytest.TempPathFactory) -> Path:
    return factory.mktemp("watched") / "data"


def _found(agency: Agency) -> None:
    rows = {}
    for who, (name, nip) in NAMES.items():
        head = who == "kepala"
        rows[who] = {
            "name": name,
            "nip": nip,
            "email": f"{who}@pantau.example",
            "unit_code": "PUSK",
            "unit_name": "Puskesmas",
            "unit_head": True if head else None,
            "position_code": "KAPUS" if head else "BIDAN",
            "position_title": "Kepala" if head else "Bidan",
            "position_kind": "JA" if head else "JF",
            "position_level": "Pengawas" if head else "Ahli Pertama",
            "superior_nip": None if head else NAMES["kepala"][1],
        }
    agency.found({"name": "Kota Pantau", "policy": {"daily_summary_at": "23:59"}}, rows)


def _work(agency: Agency) -> None:
    indicator, first = str(fresh_id()), agency.last_month.first_day
    path = f"/plans/{agency.people['rosma']}/{agency.last_month.year}"
    until(lambda: agency.ask("kepala", "appraisal", "PUT", path, plan(indicator)).is_success)
    agency.do("rosma", "appraisal", "POST", f"{path}/agree", {"revision": 1})
    ready = ("rosma", "activity", "POST", "/entries/batch", {"items": [entry(first, "1", indicator)]})
    until(lambda: "unknown-indicator" not in agency.ask(*ready, headers=_header(UNSAMPLED, "00")).text)

    traced = _header(TRACE, "01") | {"X-Correlation-ID": CORRELATION}
    item = entry(first, "20", indicator)
    body = {key: value for key, value in item.items() if key != "id"}
    agency.do("rosma", "activity", "PUT", f"/entries/{item['id']}", body, headers=traced)
    agency.do("kepala", "activity", "POST", f"/entries/{item['id']}/verify", {"version": 1}, headers=traced)
    review = f"/reviews/{agency.people['rosma']}/{agency.last_month}"
    until(lambda: agency.do("rosma", "appraisal", "GET", f"{review}?wait={item['id']}@2")["percent"] == "100")
    amended = body | {"quantity": "2", "version": 2}
    agency.do("rosma", "activity", "POST", f"/entries/{item['id']}/amend", amended, headers=traced)
    agency.do("kepala", "activity", "POST", f"/entries/{item['id']}/verify", {"version": 3}, headers=traced)


def _header(trace: str, flags: str) -> dict[str, str]:
    return {"traceparent": f"00-{trace}-{CLIENT}-{flags}"}
