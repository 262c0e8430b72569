"""`kinerja instansi merge|split`: the people of one agency, or of some of its units, go on in another from a day on."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

import click

from cli.importing.sender import HEARD_SECONDS, Answer, Item, Sender, checked, problem_of
from cli.system import CODE, REFUSED_ROWS, Refused, System, data_option, find
from deploy.embedded.data import Data
from shared.calendar import Period, PeriodKind, zone_of

_DAY = click.option(
    "--from", "day", type=click.DateTime(["%Y-%m-%d"]), required=True, help="First day in the new agency."
)
_INTO = click.option("--into", type=CODE, required=True, help="The agency they go to; it exists.")
_UNDER = click.option(
    "--under", help="Unit of the new agency below which the topmost units stand.", show_default="none"
)
_PREFIX = click.option(
    "--prefix", default="", help="Put before codes of units and positions, where both have the same."
)
_DRY = click.option("--dry-run", is_flag=True, help="Show what would be done, and record nothing.")


@dataclass
class _Transfer:
    """From one agency to another; every step changes nothing where it was done before."""

    old: Sender
    new: Sender
    day: date
    under: str | None
    prefix: str
    dry_run: bool
    refused: list[Answer] = field(default_factory=list)

    @property
    def system(self) -> str:
        """How the new agency names ids of the old one: as those of an outside system."""
        return f"kinerja-{self.old.instansi}"

    def carry_out(self, units: list[str] | None) -> None:
        """Everything of these units (None: of the whole agency)."""
        self._check_sensible()
        tree = {each["id"]: each for each in self.old.pages("directory", "/units")}
        chosen = {id: each for id, each in tree.items() if units is None or _within(tree, id, units)}
        only = {} if units is None else {"units": _codes(chosen, units)}
        rows = list(self.old.pages("directory", "/roster", day=self.day.isoformat(), **only))
        placed, people = [row for row in rows if row["assignment"]], {row["employee"]: row for row in rows}
        click.echo(f"{len(chosen)} units, {len(people)} people, {len(rows)} placements from {self.day}")
        if placed or self.dry_run:  # else all have gone, and what the new agency made of its units since is its own
            self._places(chosen, placed)
        if self.dry_run:
            return
        self._send("people", "/employees/batch", [self._person(row) for row in people.values()])
        ids = self._link()
        self._send("placements", "/assignments/batch", [self._placement(row, ids) for row in placed])
        if self.refused:
            return  # nobody leaves who was not taken in
        self._plans(ids)
        self._levels(ids)
        self._hours(ids)
        if self.refused:
            return  # nor whose plan, levels or hours were not
        self._leave(placed)

    def _check_sensible(self) -> None:
        """There are two agencies, the day lies in the time of the old one, and the unit to stand below is in the new one."""
        old, new = self.old.instansi, self.new.instansi
        if old == new:
            raise Refused(f"same-instansi: --into is to name another agency than {old}.")
        if self.day.isoformat() <= (first := self.old.get("directory", "/instansi")["rules"]["first_day"]):
            raise Refused(f"too-early: {old} is here since {first}; --from is to be a later day.")
        if self.under and not self.new.get("directory", "/units", code=self.under)["items"]:
            raise Refused(f"parent-unknown: {new} has no unit {self.under}; enter it first.")

    def _places(self, units: Mapping[str, Mapping[str, Any]], placed: Iterable[Mapping[str, Any]]) -> None:
        """Enter units that are open on the day, and positions. Those that are there stay as the new agency has them."""
        units = {id: each for id, each in units.items() if (each["last_day"] or "9999") >= self.day.isoformat()}
        positions = {each["code"]: each for each in self.old.pages("directory", "/positions")}
        named = [row["position_code"] for row in placed] + [_head(each, positions) for each in units.values()]
        used = sorted({code for code in named if code is not None})
        posts = self._missing("/positions", [positions[code] for code in used], ("title", "kind", "level"))
        places = self._missing("/units", units.values(), ("name",))
        if not self.dry_run:
            self._send("positions", "/positions/batch", [self._position(each) for each in posts])
            self._send("units", "/units/batch", [self._unit(each, units, positions) for each in places])

    def _missing(self, path: str, mine: Iterable[Mapping[str, Any]], same: tuple[str, ...]) -> list[Mapping[str, Any]]:
        """Those whose code the new agency does not have. Refused when it means something else there."""
        wanted, there = list(mine), {each["code"]: each for each in self.new.pages("directory", path)}
        clash = [
            each["code"]
            for each in wanted
            if (other := there.get(self.prefix + each["code"])) and any(other[key] != each[key] for key in same)
        ]
        if clash:
            raise Refused(
                f"code-taken: {self.new.instansi} uses these codes otherwise: {', '.join(sorted(clash)[:10])}; choose a"
                " --prefix."
            )
        return [each for each in wanted if self.prefix + each["code"] not in there]

    def _position(self, position: Mapping[str, Any]) -> dict[str, Any]:
        body = {key: position[key] for key in ("title", "kind", "level", "requires")}
        return {"code": self.prefix + position["code"], **body}

    def _unit(
        self, unit: Mapping[str, Any], chosen: Mapping[str, Mapping[str, Any]], positions: Mapping[str, Any]
    ) -> dict[str, Any]:
        above, head = chosen.get(unit["parent"]), _head(unit, positions)
        parent = self.prefix + above["code"] if above else self.under
        said = {"code": self.prefix + unit["code"], "name": unit["name"]}
        said |= {"parent": parent} if parent else {}
        return said | ({"head_position": self.prefix + head} if head else {})

    def _ref(self, id: str) -> dict[str, Any]:
        return {"outside": {"system": self.system, "id": id}}

    def _person(self, row: Mapping[str, Any]) -> dict[str, Any]:
        kept = {key: row[key] for key in ("nip", "name", "kind", "email", "phone", "language") if row[key] is not None}
        return kept | {"outside": {**row["outside"], self.system: row["employee"]}}

    def _placement(self, row: Mapping[str, Any], ids: Mapping[str, str]) -> dict[str, Any]:
        """A superior who is not in the new agency is left out: then the one who was entered there stays."""
        superior = {"superior": self._ref(row["superior"])} if row["superior"] in ids else {}
        return superior | {
            "employee": self._ref(row["employee"]),
            "unit": self.prefix + row["unit_code"],
            "position": self.prefix + row["position_code"],
            "kind": row["assignment_kind"],
            "valid_from": max(row["valid_from"], self.day.isoformat()),
            "valid_to": row["valid_to"],
        }

    def _link(self) -> dict[str, str]:
        """The id in the new agency of everybody at work there whom the old one knows, also of those who left it before."""
        found, wanted = {}, [each["id"] for each in self.old.pages("directory", "/employees")]
        for start in range(0, len(wanted), 500):
            refs = [{"system": self.system, "id": id} for id in wanted[start : start + 500]]
            body = {"purpose": "instansi-transfer", "outside": refs}
            for each in checked(self.new.call("POST", "directory", "/employees/lookup", body))["people"]:
                if each["active"]:
                    found[each["outside"][self.system]] = each["id"]
        return found

    def _plans(self, ids: Mapping[str, str]) -> None:
        """The plan in force in the year of the day goes on, as one agreed elsewhere, until another is agreed there."""
        bodies, year = [], self.day.year
        there = {each["employee"] for each in self.new.pages("appraisal", "/plans") if each["year"] == year}
        for plan in self.old.pages("appraisal", "/plans"):
            new = ids.get(plan["employee"])
            if new is None or plan["year"] != year or not plan["agreed_revision"]:
                continue
            if new in there and self._agreed_there(new):
                continue
            agreed = self.old.get("appraisal", f"/plans/{plan['employee']}/{plan['year']}")["agreed"]
            body = {"employee": new, "year": plan["year"], "results": agreed}
            bodies.append(body | {"source": self._source(agreed)})
        self._send("plans", "/imports/plans", bodies, service="appraisal")

    def _agreed_there(self, employee: str) -> bool:
        plan = self.new.get("appraisal", f"/plans/{employee}/{self.day.year}")
        return plan["agreed_revision"] is not None and plan["source"] != self.system

    def _levels(self, ids: Mapping[str, str]) -> None:
        """Competency levels hold as of the day they were measured; their source says where."""
        bodies = []
        for old, new in sorted(ids.items()):
            for each in self.old.get("appraisal", f"/competencies/{old}")["levels"]:
                level = {key: each[key] for key in ("competency", "level", "effective")}
                bodies.append({"employee": new, **level, "source": self._source(each)})
        self._send("competencies", "/imports/competencies", bodies, service="appraisal")

    def _hours(self, ids: Mapping[str, str]) -> None:
        """Learning hours (JP) of the year of the day, as a sum completed elsewhere."""
        bodies, year = [], self.day.year
        for old, new in sorted(ids.items()):
            if completed := self.old.get("training", f"/employees/{old}/jp", year=year)["completed"]:
                bodies.append({"employee": new, "year": year, "jp": completed, "source": self.system})
        self._send("learning hours", "/imports/learning-hours", bodies, service="training")

    def _source(self, fact: Any) -> dict[str, str]:
        digest = sha256(json.dumps(fact, sort_keys=True).encode()).hexdigest()
        return {"system": self.system, "file_hash": digest}

    def _leave(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """In the old agency their placements end the day before; what was planned for later was never held."""
        last = (self.day - timedelta(days=1)).isoformat()
        ends = []
        for row in rows:
            if row["valid_from"] >= self.day.isoformat():
                checked(self.old.call("POST", "directory", f"/assignments/{row['assignment']}/void"))
            else:
                said = {"employee": {"id": row["employee"]}, "unit": row["unit_code"], "position": row["position_code"]}
                ends.append(said | {"kind": row["assignment_kind"], "valid_from": row["valid_from"], "valid_to": last})
        self._send("leaving", "/assignments/batch", ends, to=self.old)

    def _send(
        self,
        kind: str,
        path: str,
        bodies: Iterable[Mapping[str, Any]],
        *,
        service: str = "directory",
        to: Sender | None = None,
    ) -> None:
        items = [Item((number,), body) for number, body in enumerate(bodies)]
        heard = {"unknown-employee": HEARD_SECONDS, "unknown-instansi": HEARD_SECONDS} if service != "directory" else {}
        again = {"parent-unknown": 0.0, **heard}
        answers = (to or self.new).send(kind, service, path, items, again=again) if items else []
        new = sum(answer.outcome in ("new", "changed") for answer in answers)
        wrong = [answer for answer in answers if answer.outcome == "refused"]
        click.echo(f"{kind}: {new} recorded, {len(answers) - new - len(wrong)} unchanged, {len(wrong)} refused")
        for answer in wrong[:10]:
            click.echo(f"  {kind} {answer.item.rows[0]}: {answer.code}: {answer.reason}", err=True)
        self.refused += wrong


@click.command()
@data_option
@click.argument("code", type=CODE)
@_INTO
@_DAY
@_UNDER
@_PREFIX
@_DRY
def merge(data: Data, code: str, into: str, day: datetime, under: str | None, prefix: str, dry_run: bool) -> None:
    """Let everybody of the agency CODE go on in another, close its last period, then suspend it.

    CODE stays readable with all its history. Before the day this enters what holds from it; run the same command again
    afterwards, until CODE is suspended. Broken off, run it again.

    Example: kinerja instansi merge kota-lama --into kota-baru --from 2027-01-01 --dry-run
    """
    system = find(data)
    transfer = _Transfer(_sender(system, code), _sender(system, into), day.date(), under, prefix, dry_run)
    transfer.carry_out(None)
    _end(transfer)
    if not dry_run:
        click.echo(_closed(transfer.old, transfer.day))


@click.command()
@data_option
@click.argument("code", type=CODE)
@click.option("--unit", "units", multiple=True, required=True, help="A unit that goes, with all below it; repeat.")
@_INTO
@_DAY
@_UNDER
@_PREFIX
@_DRY
def split(
    data: Data,
    code: str,
    units: tuple[str, ...],
    into: str,
    day: datetime,
    under: str | None,
    prefix: str,
    dry_run: bool,
) -> None:
    """Let the people of units of the agency CODE go on in another. Broken off, run it again.

    A superior who stays behind is not theirs any more: enter their new one in the new agency (a roster with superior_nip).

    Example: kinerja instansi split kab-lama --unit DINKES --into kab-baru --from 2027-01-01 --dry-run
    """
    system = find(data)
    transfer = _Transfer(_sender(system, code), _sender(system, into), day.date(), under, prefix, dry_run)
    transfer.carry_out(list(units))
    _end(transfer)


def _end(transfer: _Transfer) -> None:
    if transfer.refused:
        click.echo(f"{len(transfer.refused)} refused: mend that and run this again; nobody has left yet.", err=True)
        raise click.exceptions.Exit(REFUSED_ROWS)


def _closed(old: Sender, day: date) -> str:
    """Close the last period of the old agency and suspend it, as far as that is possible today; says how far."""
    rules = old.get("directory", "/instansi")
    period = Period.of(day - timedelta(days=1), PeriodKind(rules["rules"]["policy"]["period_kind"]))
    today = datetime.now(UTC).astimezone(zone_of(rules["rules"]["zone"])).date()
    if rules["suspended"]:
        return f"{old.instansi}: suspended"
    if today <= period.last_day or today < day:
        return f"{old.instansi}: its period {period} ends on {period.last_day}; run this again after that."
    sealed = checked(old.call("POST", "activity", f"/periods/{period}/seal"))
    if sealed["status"] != "sealed":
        return f"{old.instansi}: entries may be verified until {sealed['verifiable_until']}; run this again after that."
    closing = old.call("POST", "appraisal", f"/periods/{period}/close")
    if problem_of(closing).get("code") or checked(closing)["status"] != "closed":
        return f"{old.instansi}: period {period} is being closed; run this again in a minute."
    checked(old.call("POST", "directory", "/instansi/suspend"))
    return f"{old.instansi}: period {period} closed, suspended"


def _within(tree: Mapping[str, Mapping[str, Any]], id: str | None, units: list[str]) -> bool:
    while id is not None and id in tree:
        if tree[id]["code"] in units:
            return True
        id = tree[id]["parent"]
    return False


def _codes(chosen: Mapping[str, Mapping[str, Any]], units: list[str]) -> list[str]:
    codes = {each["code"] for each in chosen.values()}
    if missing := sorted(set(units) - codes):
        raise Refused(f"unit-unknown: there is no unit {', '.join(missing)}; see GET /units.")
    return sorted(codes)


def _head(unit: Mapping[str, Any], positions: Mapping[str, Mapping[str, Any]]) -> str | None:
    return next((code for code, each in positions.items() if each["id"] == unit["head_position"]), None)


def _sender(system: System, code: str) -> Sender:
    return Sender(system, code, system.token(code, ["system", "hr"]))
