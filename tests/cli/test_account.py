"""Accounts are made out of the roster, and a link lets each person in once."""

import csv
import json
import re
from pathlib import Path
from zipfile import ZipFile

import httpx

from tests.cli.office import HEAD, NURSE, SAMPLES, Office, written

PASSWORD = "tiga kata mudah"


def listed(office: Office) -> dict[str, tuple[list[str], bool]]:
    """Roles besides staff, and whether the password is set, by employee."""
    told = office.run("account", "list", "--instansi", office.code, "--json")
    return {each["employee"]: (each["roles"], each["password_set"]) for each in json.loads(told.stdout)}


def use(address: str) -> httpx.Response:
    """Set the password where the link leads."""
    form = {"password": PASSWORD, "again": PASSWORD}
    return httpx.post(address, data=form, trust_env=False, follow_redirects=True, timeout=30)


def sign_in(office: Office, nip: str) -> str:
    """Where somebody who signs in arrives."""
    with httpx.Client(trust_env=False, follow_redirects=True, timeout=30) as browser:
        page = f"{office.system.processes()['portal']['url']}/i/{office.code}/masuk"
        [csrf] = re.findall(r'name="csrf" value="([^"]+)"', browser.get(page).text)
        return browser.post(page, data={"csrf": csrf, "nip": nip, "password": PASSWORD}).url.path


def test_everybody_of_the_roster_gets_an_account_and_a_link_that_lets_them_in(office: Office) -> None:
    of = ("--instansi", office.code)
    made = office.run("account", "add", *of, "--nip", f"{HEAD[:8]} {HEAD[8:]}", "--role", "hr")
    head, nurse = office.person(HEAD)["id"], office.person(NURSE)["id"]
    assert made.stdout == f"employee: {head}\nroles: staff hr\npassword: not set yet\n"
    everybody = office.run("account", "add", *of, "--file", SAMPLES / "roster.csv")
    assert (everybody.exit_code, len(everybody.stdout.splitlines())) == (0, 4), everybody.output
    assert listed(office)[head] == (["hr"], False), "who is in a file keeps the role that was given"
    assert listed(office)[nurse] == ([], False)

    links = office.run("account", "link", *of, "--file", SAMPLES / "roster.csv")
    rows = {row["nip"]: row["address"] for row in csv.DictReader(links.stdout.splitlines())}
    assert use(rows[NURSE]).url.path.endswith("/masuk")
    assert sign_in(office, NURSE).endswith("/hari-ini")
    assert listed(office)[nurse] == ([], True)
    assert "Contoh Perawat" in office.run("account", "list", *of).stdout

    assert office.run("account", "lock", *of, "--nip", NURSE).stdout.endswith("password: not set yet\n")
    assert sign_in(office, NURSE).endswith("/masuk")
    assert office.run("account", "add", *of, "--nip", HEAD, "--role", "staff").stdout.split("\n")[1] == "roles: staff"


def test_a_link_leads_to_where_people_open_the_portal_and_voids_the_one_before(office: Office) -> None:
    of = ("--instansi", office.code, "--nip", "198406102009011002")
    office.run("account", "add", *of)
    first = office.run("account", "link", *of)
    second = office.run("account", "link", *of, KINERJA_PUBLIC_URL="https://kinerja.kota.example/")
    address = re.fullmatch(r"address: (\S+)\nuntil: \d{4}-\d\d-\d\d \d\d:\d\d WIB\n", first.stdout)
    assert address
    assert second.stdout.startswith(f"address: https://kinerja.kota.example/i/{office.code}/sandi/")
    assert use(address[1]).status_code == 410


def test_who_is_refused_keeps_nobody_else_from_an_account_and_no_number_is_repeated(office: Office) -> None:
    stranger, file = "199912312025011999", written("people.csv", ["nip"], ["1999"], ["199912312025011999"], [NURSE])
    done = office.run("account", "add", "--instansi", office.code, "--file", file)
    assert (done.exit_code, len(done.stdout.splitlines())) == (3, 2), done.output
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["row 2", "row 3"]
    assert "nip-malformed" in done.stderr
    assert "nip-unknown" in done.stderr
    logs = "".join(path.read_text(errors="replace") for path in office.system.data.logs.glob("*.log"))
    assert [number for number in (stranger, NURSE, HEAD) if number in done.output + logs] == []


def test_wrong_usage_is_said(office: Office) -> None:
    for arguments, said in (
        (("link", "--nip", "199912312025011999"), "nip-unknown"),
        (("add",), "Say either --nip or --file"),
        (("add", "--nip", "1234"), "nip-malformed"),
        (("add", "--file", written("x.csv", ["name"], ["Siti"])), "has no column nip"),
        (("add", "--file", Path("none.csv")), "file-unreadable"),
    ):
        done = office.run("account", *arguments, "--instansi", office.code)
        assert (done.exit_code, said in done.stderr) == (2, True), done.output
    nowhere = office.run("account", "add", "--nip", NURSE, "--instansi", "kota-tiada")
    assert (nowhere.exit_code, "unknown-instansi" in nowhere.stderr) == (2, True)


def test_an_export_tells_who_has_an_account_and_nothing_by_which_to_get_in(office: Office) -> None:
    office.run("account", "add", "--instansi", office.code, "--nip", NURSE)
    done = office.run("instansi", "export", office.code, "portal.zip", "--service", "portal")
    assert done.exit_code == 0, done.output
    with ZipFile("portal.zip") as archive:
        tables = json.loads(archive.read("manifest.json"))["services"]["portal"]["tables"]
    assert {"session", "invitation"} & tables.keys() == set()
    assert {"password", "login"} & tables["account"]["columns"].keys() == set()
    assert {"employee", "roles"} <= tables["account"]["columns"].keys()
