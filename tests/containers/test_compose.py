"""The system of docker-compose.yml: closed containers, and nothing accepted is lost when one after the other is killed."""

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from deploy.services import service_names
from shared.testing.compose import ComposeSystem
from shared.testing.system import EmbeddedSystem
from tests.e2e.office import Office, open_office
from tests.e2e.town import Town, entry, until

CODE = "kota-peti"
_PATIENCE = 400.0  # a service starts in seconds, on a machine that is busy otherwise in minutes
#: What each service answers from its own database, whoever else is away.
ASKED = {
    "activity": "/entries/{entry}",
    "appraisal": "/competencies/{ani}",
    "directory": "/employees/{ani}",
    "notification": "/notices?limit=1",
    "training": "/needs",
}


@pytest.fixture(scope="module")
def system(running_system: EmbeddedSystem) -> ComposeSystem:
    assert isinstance(running_system, ComposeSystem), "run these with `make test-compose`"
    return running_system


@pytest.fixture(scope="module")
def town(system: ComposeSystem) -> Iterator[Town]:
    visited = Town(system)
    yield visited
    visited.leave()


@pytest.fixture(scope="module")
def office(town: Town) -> Office:
    return open_office(town, CODE)


class Load:
    """Somebody logs work all the time and sends again under the same id whatever was not answered."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.accepted: list[str] = []
        self.refused: list[str] = []

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        agency = self.office.agency
        url = f"{agency.town.urls['activity']}/api/v1/{CODE}/entries/batch"
        headers = {"Authorization": f"Bearer {agency.token('ani')}"}
        with httpx.Client(timeout=20, trust_env=False, headers=headers) as client:
            item: dict[str, Any] | None = None
            while item or not self._ended.is_set():
                item = item or entry(agency.today, "1", self.office.indicator)
                try:
                    answer = client.post(url, json={"items": [item]})
                except httpx.HTTPError:
                    answer = httpx.Response(503)
                if answer.is_success:
                    told = answer.json()["results"][0]
                    (self.refused if "code" in told else self.accepted).append(item["id"])
                    item = None
                elif answer.status_code < 500:
                    self.refused.append(f"{item['id']}: {answer.text}")
                    item = None
                time.sleep(0.2)


def containers(system: ComposeSystem) -> dict[str, dict[str, Any]]:
    """What Docker says of each container that runs, by its name in the compose file."""
    ids = system.compose("ps", "--quiet").split()
    found = json.loads(subprocess.run(["docker", "inspect", *ids], capture_output=True, check=True).stdout)
    return {each["Config"]["Labels"]["com.docker.compose.service"]: each for each in found}


def test_every_container_is_closed(system: ComposeSystem) -> None:
    running = containers(system)
    halves = {f"{name}-{half}" for name in service_names() for half in ("api", "worker")}
    assert set(running) == halves | {"proxy", "postgres", "nats", "mailbox"}
    for name, each in running.items():
        host = each["HostConfig"]
        assert host["ReadonlyRootfs"], name
        assert host["CapDrop"] == ["ALL"], name
        assert "no-new-privileges:true" in host["SecurityOpt"], name
        assert each["Config"]["User"] not in ("", "0", "root"), name


def test_an_image_holds_its_service_and_no_other(system: ComposeSystem) -> None:
    others = "n for n in ('cli', 'deploy', 'rich') if importlib.util.find_spec(n)"
    look = f"import importlib.util, os; print(*os.listdir('services'), *({others}))"
    for name in service_names():
        found = system.compose("exec", "-T", f"{name}-worker", "python3", "-c", look).split()
        assert [each for each in found if not each.startswith("__")] == [name]


def test_the_public_address_shows_no_figures_of_operators_and_says_who_is_away(town: Town) -> None:
    for path in ("metrics", "status"):
        assert town.http.get(f"{town.urls['activity']}/{path}").status_code == 404
    assert town.http.get(f"{town.urls['activity'].removesuffix('activity')}postgres/readyz").status_code == 404
    assert (
        "activity"
        in town.http.get(f"{town.urls['activity'].removesuffix('/activity')}/services.json").json()["services"]
    )


def test_each_service_may_be_killed_under_load_and_the_others_go_on(
    town: Town, system: ComposeSystem, office: Office
) -> None:
    with Load(office) as load:
        for victim in [*service_names(), "nats", "postgres"]:
            halves = [f"{victim}-api", f"{victim}-worker"] if victim in service_names() else [victim]
            system.compose("kill", *halves)
            try:
                _others_go_on(office, load, victim)
            finally:
                system.compose("start", *halves)
            until(lambda: all(town.http.get(f"{url}/readyz").is_success for url in town.urls.values()), _PATIENCE)
            _more_is_accepted(load)
    system.wait_ready()
    assert load.refused == []
    assert len(load.accepted) == len(set(load.accepted)) > len(service_names())
    _nothing_is_lost(town, load.accepted)


def _others_go_on(office: Office, load: Load, victim: str) -> None:
    """Every other service answers; entries are accepted unless it is their own service or the record that is away."""
    if victim != "postgres":
        for service, path in ASKED.items():
            if service != victim:
                asked = path.format(entry=office.entry, ani=office.agency.people["ani"])
                answer = office.agency.ask("ani", service, "GET", asked)
                assert answer.is_success, f"{victim} is dead and {service} says {answer.text}"
    if victim == "activity":
        away = office.agency.town.http.get(f"{office.agency.town.urls[victim]}/readyz")
        assert (away.status_code, away.json()["code"]) == (503, "service-unavailable")
    elif victim != "postgres":
        _more_is_accepted(load)


def _more_is_accepted(load: Load) -> None:
    before = len(load.accepted)
    until(lambda: len(load.accepted) > before, _PATIENCE)


def _nothing_is_lost(town: Town, accepted: list[str]) -> None:
    town.settle()
    for service, table in (("activity", "entry"), ("appraisal", "heard_entry")):
        rows = town.sql(service, f"SELECT to_jsonb(t)::text FROM {table} t WHERE instansi = $1", CODE)
        kept = " ".join(row for (row,) in rows)
        assert [each for each in accepted if each not in kept] == [], service
    lines = town.kinerja("prove", "--instansi", CODE).splitlines()
    assert lines == [f"{service}: as the record says" for service in service_names()]
