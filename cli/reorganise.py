"""`kinerja reorganise`: units merged, split, moved and closed from a day on, as a plan in a file says."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import click
import yaml
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError

from cli.importing.sender import PAGE, Sender, checked
from cli.system import CODE, Refused, data_option, find
from deploy.embedded.data import Data
from shared.calendar import zone_of

#: A NIP, or `system:id` of another system.
Person = Annotated[str, Field(pattern=r"^([0-9]{18}|[a-z0-9][a-z0-9-]{0,39}:.+)$")]


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Target(_Said):
    """A unit to go to; what is said beside its code is how it is made when it does not exist."""

    code: str
    name: str | None = None
    parent: str | None = None
    head_position: str | None = None


class Led(_Said):
    """Who leads from the day on, to whom they report, and the positions of those who do not keep theirs."""

    head: Person | None = None
    superior: Person | None = None
    posts: dict[Person, str] = {}


class Merge(Led):
    """All people of the units go to one; what stood below the units then stands below it; they are closed."""

    merge: Annotated[list[str], Field(min_length=1)]
    into: Target


class Part(Led):
    """Some people of a unit that is split, and the units below it that go with them."""

    into: Target
    people: Annotated[list[Person], Field(min_length=1)]
    below: list[str] = []


class Split(_Said):
    """The named people of a unit go to others; with `close` nobody may be left in it."""

    split: str
    parts: Annotated[list[Part], Field(min_length=1)]
    close: bool = False


class Move(_Said):
    """A unit stands below another; who reported to somebody outside it reports to `superior`."""

    move: str
    under: str
    superior: Person


class Close(_Said):
    """A unit in which nobody works any more."""

    close: str


def _kind(said: Any) -> str | None:
    return next((kind for kind in ("merge", "split", "move", "close") if isinstance(said, dict) and kind in said), None)


Step = Annotated[
    Annotated[Merge, Tag("merge")]
    | Annotated[Split, Tag("split")]
    | Annotated[Move, Tag("move")]
    | Annotated[Close, Tag("close")],
    Discriminator(_kind),
]


class Plan(_Said):
    """What changes from a day on, in this order."""

    day: date = Field(alias="from")
    steps: Annotated[list[Step], Field(min_length=1)]


_WRONG = {
    "missing": "is missing",
    "extra_forbidden": "is not known",
    "string_type": "is to be text in quotes",
    "string_pattern_mismatch": "is to be a NIP or system:id, in quotes",
    "union_tag_not_found": "is no merge, split, move or close",
    "too_short": "is to have at least one",
    "list_type": "is to be a list",
    "model_type": "is to have keys such as `from` and `steps`",
}


@dataclass
class _Work:
    """Carries out a plan; every call changes nothing when it was made before, so a broken off one is run again."""

    sender: Sender
    day: date
    due: bool
    dry_run: bool
    #: Units that a dry run would have made: what leans on them cannot be shown yet.
    imagined: set[str | None] = field(default_factory=set)
    #: Units whose people the plan places elsewhere.
    left: set[str] = field(default_factory=set)

    def go(self, units: list[str], into: Target, led: Led | None = None, **more: Any) -> None:
        """Place the people of `units` in `into`."""
        self.left |= set(units)
        if leans := self.imagined & {*units, into.parent}:
            click.echo(f"{', '.join(units)} -> {into.code}: shown once {', '.join(map(str, leans))} is there.")
            return
        led = led or Led()
        body = {"day": self.day.isoformat(), "units": units, "into": into.model_dump(exclude_none=True), **more}
        body |= {"posts": [{"employee": _person(who), "position": to} for who, to in led.posts.items()]}
        body |= {key: _person(who) for key, who in (("head", led.head), ("superior", led.superior)) if who}
        placed, left = 0, 1
        while left:
            params = {"dry_run": "true"} if self.dry_run else {}
            told = checked(self.sender.call("POST", "directory", "/reorganisation", body, params=params))
            if told["made"]:
                self.imagined |= {into.code} if self.dry_run else set()
                click.echo(f"unit {into.code}: {'would be made' if self.dry_run else 'made'}")
            placed, left = placed + len(told["people"]), 0 if self.dry_run else told["left"]
            if self.dry_run:
                self._show(told["people"])
                placed += told["left"]
        click.echo(
            f"{', '.join(units)} -> {into.code}: {placed} placements {'would change' if self.dry_run else 'changed'}"
        )

    def tree(self, code: str, parent: str) -> None:
        """Let a unit stand below another, from the day on: the tree knows no dates."""
        there, above = self._unit(code), self._unit(parent)
        if there and above and there["parent"] == above["id"]:
            return
        if not self.due or self.dry_run:
            click.echo(f"unit {code}: below {parent} {'from ' + str(self.day) if not self.due else 'would be set'}")
            return
        body = {"items": [{"code": code, "parent": parent}]}
        [told] = checked(self.sender.call("POST", "directory", "/units/batch", body))["results"]
        if "code" in told:
            raise Refused(f"{told['code']}: unit {code}: {told['detail']}")
        click.echo(f"unit {code}: below {parent}")

    def close(self, code: str) -> None:
        """Close a unit the day before, once that is over."""
        last = self.day - timedelta(days=1)
        if not self.due or self.dry_run:
            self._check_empty(code)
            click.echo(f"unit {code}: closed after {last}" + ("" if self.due else f", from {self.day}"))
            return
        checked(self.sender.call("POST", "directory", f"/units/{code}/close", {"last_day": last.isoformat()}))
        click.echo(f"unit {code}: closed after {last}")

    def _check_empty(self, code: str) -> None:
        """Nobody is to work in it from the day on. A dry run moved nobody: it cannot say so of units that the plan empties."""
        if self.dry_run and code in self.left:
            return
        rows = self.sender.pages("directory", "/roster", day=self.day.isoformat(), units=[code])
        if staying := sum(row["assignment"] is not None for row in rows):
            raise Refused(f"unit-in-use: {staying} placements in unit {code} go on from {self.day}; move them first.")

    def children(self, code: str) -> Iterator[str]:
        """The units right below one."""
        unit = self._unit(code)
        return (
            (each["code"] for each in self.sender.pages("directory", "/units", parent=unit["id"])) if unit else iter(())
        )

    def _unit(self, code: str) -> dict[str, Any] | None:
        found = self.sender.get("directory", "/units", code=code)["items"]
        return found[0] if found else None

    def _show(self, people: list[dict[str, Any]]) -> None:
        """The first placements, with names: for eyes, not kept."""
        shown = people[:50]
        ids = sorted({each[key] for each in shown for key in ("employee", "superior") if each[key]})
        names: dict[str, str] = {}
        for start in range(0, len(ids), PAGE):
            found = self.sender.get("directory", "/names", ids=ids[start : start + PAGE])["names"]
            names |= {each["id"]: each["name"] for each in found}
        for each in shown:
            place = (
                f"{each['unit']} {each['position']}, under {names.get(each['superior'], '-')}" if each["unit"] else "-"
            )
            click.echo(f"  {names.get(each['employee'], each['employee'])}: {each['from_unit']} -> {place}")


@click.command()
@data_option
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--instansi", "code", type=CODE, required=True, help="The agency.")
@click.option("--dry-run", is_flag=True, help="Show what would change, with names, and record nothing.")
def reorganise(data: Data, file: Path, code: str, dry_run: bool) -> None:
    """Merge, split, move and close units of an agency as the plan in FILE (YAML) says.

    Placements are entered with their day, also long before it. The tree of units has no dates: run the same command again
    on the day to move and close units. Broken off, run it again; what is done is not done twice.

    Example: kinerja reorganise samples/reorganise.yaml --instansi kota-medan --dry-run
    """
    plan = _read(file)
    system = find(data)
    sender = Sender(system, code, system.token(code, ["hr", "system"]))
    zone = sender.get("directory", "/instansi")["rules"]["zone"]
    work = _Work(sender, plan.day, datetime.now(UTC).astimezone(zone_of(zone)).date() >= plan.day, dry_run)
    for step in plan.steps:
        match step:
            case Merge():
                _merge(work, step)
            case Split():
                _split(work, step)
            case Move():
                unit = Target(code=step.move)
                work.go([step.move], unit, Led(superior=step.superior))
                work.tree(step.move, step.under)
            case Close():
                work.close(step.close)
    if not work.due and not dry_run:
        click.echo(f"Run this again on {plan.day}: the tree of units follows then.")


def _merge(work: _Work, step: Merge) -> None:
    work.go(step.merge, step.into, step)
    for unit in step.merge:
        if unit != step.into.code:
            for child in work.children(unit):
                if child != step.into.code:
                    work.tree(child, step.into.code)
            work.close(unit)


def _split(work: _Work, step: Split) -> None:
    for part in step.parts:
        work.go([step.split], part.into, part, people=[_person(who) for who in part.people])
        for child in part.below:
            if part.head:
                work.go([child], Target(code=child), Led(superior=part.head))
            work.tree(child, part.into.code)
    if step.close:
        work.close(step.split)


def _person(who: str) -> dict[str, Any]:
    system, _, id = who.partition(":")
    return {"outside": {"system": system, "id": id}} if id else {"nip": who}


def _read(file: Path) -> Plan:
    try:
        return Plan.model_validate(yaml.safe_load(file.read_text("utf-8")))
    except OSError as error:
        raise Refused(f"file-unreadable: {file} cannot be read: {error.strerror or error}.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Refused(f"file-malformed: {file.name} is no readable YAML: {error}") from error
    except ValidationError as error:
        # Its own words quote what was written, which may name people.
        wrong = [f"{_place(each['loc'])} {_WRONG.get(each['type'], 'is wrong')}" for each in error.errors()]
        raise Refused(f"file-malformed: {file.name}: {'; '.join(wrong[:5])}. See docs/how-to/reorganise.md.") from None


def _place(path: tuple[str | int, ...]) -> str:
    """Where something is wrong; the kind of a step stands there twice."""
    return ".".join(str(part) for part in (*path[:2], *path[3:])) or "the plan"
