"""A mapping file: which columns of an agency's own export say what. Another export needs another mapping, not code."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from cli.importing.table import FileRefused, Row
from cli.importing.values import number
from shared.calendar import zone_of

Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
System = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
Column = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Part(BaseModel):
    """A part of a mapping: closed to keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Constant(Part):
    """The same for every row."""

    constant: Annotated[str, Field(min_length=1)]

    @field_validator("constant", mode="before")
    @classmethod
    def _written(cls, value: object) -> object:
        return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


#: Where a value is: the column of this name, or the same for every row.
Cell = Column | Constant


class Agency(Part):
    """The instansi, registered if the directory does not have it. Its zone is that of the mapping."""

    name: Words
    first_day: date


class Unit(Part):
    """A unit."""

    code: Code
    name: Words


class Position(Part):
    """The position of everybody who is registered; level as the law names it."""

    code: Code
    title: Words
    kind: Literal["JPT", "JA", "JF"]
    level: Words


class PersonColumn(Part):
    """A column that names a person, and one that names the unit in which the person did what the row says."""

    person: Column
    unit: Column | None = None


class Registration(Part):
    """How people whom the directory does not know are registered: under the id of the export, also as their name.

    A person's home is the unit named most often in their rows (of equals the first), or else `top_unit`, which is above
    all units.
    """

    kind: Literal["PNS", "PPPK", "CPNS"]
    top_unit: Unit
    position: Position


class People(Part):
    """Who is named where, by NIP or by an id of the exporting system."""

    called_by: Literal["nip", "id"] = "id"
    columns: Annotated[list[PersonColumn], Field(min_length=1)]
    register_as: Registration | None = Field(None, alias="register")

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.called_by == "nip" and self.register_as is not None:
            raise ValueError("register is for people called_by id; people with a NIP come with a roster")
        return self


class Indicator(Part):
    """An indicator of the plan; the target is for one review period."""

    title: Words
    aspect: Literal["kuantitas", "kualitas", "waktu", "biaya"]
    measure: Literal["count", "quantity", "on_time_share", "mean_duration"]
    direction: Literal["higher", "lower"]
    target: Decimal
    unit_label: Code
    competency: Code | None = None

    @field_validator("target", mode="before")
    @classmethod
    def _exact(cls, value: object) -> object:
        if isinstance(value, str):
            return number(value)
        return Decimal(str(value)) if isinstance(value, int | float) and not isinstance(value, bool) else value


class Plan(Part):
    """The plan of everybody in the file for every year in it, taken over as agreed elsewhere."""

    work_result: Words
    indicators: Annotated[dict[Code, Indicator], Field(min_length=1)]


class Entries(Part):
    """How a row says an entry; `identity` is the row's own id in the exporting system."""

    identity: Column
    employee: Column
    time: Column
    activity: Cell | None = None
    unit: Column | None = None
    quantity: Cell = Constant(constant="1")
    minutes: Cell | None = None
    description: Column | None = None
    indicator: Cell | None = None


class ServiceRecords(Part):
    """How rows say a service record; rows with the same `identity` say the same one."""

    identity: Column
    product: Cell
    officer: Column
    started: Column
    completed: Column
    due: Column | None = None


class Mapping(Part):
    """What the columns of an export mean. `zone` is that of times without an offset; `empty` are words for nothing."""

    system: System
    zone: str | None = None
    empty: list[str] = []
    instansi: Agency | None = None
    people: People
    plan: Plan | None = None
    entries: Entries | None = None
    service_records: ServiceRecords | None = None

    @field_validator("zone")
    @classmethod
    def _zone(cls, value: str | None) -> str | None:
        return None if value is None else zone_of(value).key

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.entries is None and self.service_records is None:
            raise ValueError("say entries, service_records or both")
        if self.instansi is not None and self.zone is None:
            raise ValueError("an instansi needs the zone")
        people = {column.person for column in self.people.columns}
        named = {self.entries and self.entries.employee, self.service_records and self.service_records.officer}
        if strangers := named - people - {None}:
            raise ValueError(f"people.columns must hold {', '.join(sorted(map(str, strangers)))}")
        planned = self.entries.indicator if self.entries else None
        if self.plan and isinstance(planned, Constant) and planned.constant not in self.plan.indicators:
            raise ValueError(f"entries.indicator {planned.constant!r} is no indicator of the plan")
        return self

    def columns(self) -> list[str]:
        """Every column that is read, each once."""
        return list(dict.fromkeys(_columns(self)))

    def cleaned(self, rows: list[Row]) -> list[Row]:
        """The rows, with nothing where a word for nothing stood."""
        empty = set(self.empty)
        return [Row(row.number, {k: "" if v in empty else v for k, v in row.values.items()}) for row in rows]


def _columns(mapping: Mapping) -> Iterator[str]:
    for part in (mapping.entries, mapping.service_records):
        for cell in dict(part or {}).values():
            if isinstance(cell, str):
                yield cell
    for column in mapping.people.columns:
        yield column.person
        if column.unit:
            yield column.unit


def cell(row: Row, where: Cell | None) -> str:
    """What the row says there; '' when it says nothing."""
    if where is None:
        return ""
    return where.constant if isinstance(where, Constant) else row[where]


#: How the file that `kinerja import activity --template` writes is read; these of its columns cannot be left out.
OWN_REQUIRED = ("reference", "nip", "day", "quantity")
OWN = Mapping.model_validate(
    {
        "system": "file",
        "people": {"called_by": "nip", "columns": [{"person": "nip", "unit": "unit_code"}]},
        "entries": {
            "identity": "reference",
            "employee": "nip",
            "time": "day",
            "activity": "activity",
            "unit": "unit_code",
            "quantity": "quantity",
            "minutes": "minutes",
            "description": "description",
            "indicator": "indicator",
        },
    }
)


#: What to change, where pydantic's words do not say it.
_WRONG = {
    "missing": "is missing",
    "extra_forbidden": "is not known; remove it or correct its name",
    "string_type": "is to be text; put it in quotes",
    "model_type": "is to have keys, such as those of samples/permit-office.yaml",
}


def load(path: Path) -> Mapping:
    """The mapping in a YAML file. FileRefused says which key to change."""
    try:
        said = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise FileRefused("file-unreadable", f"{path} cannot be read: {error.strerror or error}.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise FileRefused("mapping-malformed", f"{path.name} is no readable YAML: {error}") from error
    try:
        return Mapping.model_validate(said)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'mapping'}: {_WRONG.get(e['type'], e['msg'])}"
            for e in error.errors(include_url=False)[:5]
        )
        raise FileRefused("mapping-malformed", f"{path.name}: {wrong}") from error
