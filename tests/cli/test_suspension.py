"""A suspended agency is read and not changed, in every service; others do not notice."""

from typing import Any

import httpx

from tests.cli.office import SAMPLES, Office, outcome
from tests.e2e.town import until

_COMMANDS: tuple[tuple[str, str, str, Any], ...] = (
    ("directory", "POST", "/units/batch", {"items": [{"code": "U9", "name": "Unit 9"}]}),
    ("activity", "POST", "/periods/2020-01/seal", None),
    ("appraisal", "POST", "/periods/2020-01/close", None),
    ("training", "POST", "/courses/batch", {"items": []}),
    ("notification", "POST", "/notices/read", {"ids": []}),
)
_READING = (
    ("directory", "/employees"),
    ("directory", "/instansi"),
    ("activity", "/entries"),
    ("appraisal", "/periods"),
    ("training", "/courses"),
)


def _refusals(office: Office) -> list[str]:
    """What each service says to a command of hr."""
    found = []
    for service, method, path, body in _COMMANDS:
        with office.system.client(service, office.code, "hr") as client:
            found.append(str(client.request(method, path, json=body).json().get("code")))
    return found


def test_a_suspended_agency_is_read_and_takes_no_command_until_it_is_resumed(empty: Office, office: Office) -> None:
    assert outcome(empty.bring("roster", SAMPLES / "roster.csv")) == (3, 0, 0)
    assert empty.run("instansi", "suspend", empty.code).stdout == f"{empty.code}: suspended, changed\n"
    assert empty.run("instansi", "suspend", empty.code).stdout == f"{empty.code}: suspended, unchanged\n"
    until(lambda: set(_refusals(empty)) == {"instansi-suspended"})
    for service, path in _READING:
        assert empty.get(service, path)
    with empty.system.client("directory", empty.code, "system") as client:
        answer = client.post("/employees/lookup", json={"purpose": "test", "nips": ["197203141997032001"]})
        assert (answer.status_code, len(answer.json()["people"])) == (httpx.codes.OK, 1)
    late = empty.bring("roster", SAMPLES / "roster.csv")
    assert (late.exit_code, "instansi-suspended" in late.stderr) == (2, True)
    assert "instansi-suspended" not in _refusals(office)
    assert "suspended" in empty.run("instansi", "list", empty.code).stdout
    assert empty.run("instansi", "resume", empty.code).stdout == f"{empty.code}: at work, changed\n"
    until(lambda: "instansi-suspended" not in _refusals(empty))
    assert outcome(empty.bring("roster", SAMPLES / "roster.csv")) == (0, 3, 0)
