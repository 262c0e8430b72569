"""Notices as people read them, in Indonesian or English, from the message catalogues."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from string import Template
from typing import Any, Literal, get_args
from uuid import UUID

import yaml

from shared.calendar import Period, PeriodKind

Language = Literal["id", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

_FOLDER = Path(__file__).resolve().parents[1] / "catalogue"
_LONGEST_LIST = 30
_ROMAN = ("I", "II", "III", "IV")


@dataclass(frozen=True, slots=True)
class Text:
    """What somebody reads; the body ends without a line feed."""

    subject: str
    body: str


@cache
def catalogue(language: Language) -> Mapping[str, Any]:
    """The catalogue of a language: `templates` by key with subject and body, `mail`, `terms`."""
    content: Mapping[str, Any] = yaml.safe_load((_FOLDER / f"{language}.yaml").read_text())
    return content


def render(
    template: str, params: Mapping[str, Any], language: Language, names: Mapping[UUID, str] | None = None
) -> Text:
    """The text of a notice. `names` are those of people it is about; without them they stay unnamed."""
    found = catalogue(language)["templates"][template]
    words = _Words(language, names)
    values = words.values(params)
    subject = Template(found["subject"]).substitute(values)
    paragraphs = Template(found["body"]).substitute(values).split("\n\n")
    return Text(_single_line(subject), "\n\n".join(part.strip() for part in paragraphs if part.strip()))


def as_mail(text: Text, language: Language, name: str) -> Text:
    """The text with greeting and closing around it."""
    frame = catalogue(language)["mail"]
    greeting = Template(frame["greeting"]).substitute(name=_single_line(name))
    return Text(text.subject, f"{greeting}\n\n{text.body}\n\n{frame['closing'].strip()}")


def _single_line(text: str) -> str:
    return " ".join(text.split())


class _Words:
    """How values are written in one language."""

    def __init__(self, language: Language, names: Mapping[UUID, str] | None) -> None:
        self.terms: Mapping[str, Any] = catalogue(language)["terms"]
        self.language = language
        self.names = names

    def values(self, params: Mapping[str, Any]) -> dict[str, str]:
        """Every parameter as text; how it is written follows from its name."""
        written = {name: _WRITTEN.get(name, _Words.plain)(self, value) for name, value in params.items()}
        if "people" in params:
            written["persons"] = str(len(params["people"]))
        return written

    def plain(self, value: Any) -> str:
        return str(value)

    def person(self, value: Any) -> str:
        name = (self.names or {}).get(UUID(value))
        return _single_line(name) if name else self.terms["someone"]

    def people(self, value: Any) -> str:
        """A line a person where names are known; without names lines would say nothing."""
        if self.names is None:
            return ""
        lines = [Template(self.terms["person"]).substitute(self.values(line)) for line in value[:_LONGEST_LIST]]
        if len(value) > _LONGEST_LIST:
            lines.append(Template(self.terms["more"]).substitute(count=len(value) - _LONGEST_LIST))
        return "\n".join(lines)

    def day(self, value: Any) -> str:
        if value is None:
            return str(self.terms["missing"]["date"])
        day = date.fromisoformat(value)
        return f"{day.day} {self.terms['months'][day.month - 1]} {day.year}"

    def period(self, value: Any) -> str:
        period = Period.parse(value)
        if period.kind is PeriodKind.MONTH:
            return f"{self.terms['months'][period.number - 1]} {period.year}"
        number = _ROMAN[period.number - 1] if self.language == "id" else str(period.number)
        return Template(self.terms["quarter"]).substitute(number=number, year=period.year)

    def percent(self, value: Any) -> str:
        if value is None:
            return str(self.terms["missing"]["percent"])
        rounded = Decimal(value).quantize(Decimal("0.01"), ROUND_HALF_UP)
        digits = f"{rounded:f}".rstrip("0").rstrip(".")
        return f"{digits.replace('.', self.terms['decimal_point'])}%"

    def level(self, value: Any) -> str:
        return str(self.terms["missing"]["level"] if value is None else value)

    def rating(self, value: Any) -> str:
        return str(self.terms["rating"][value])

    def predicate(self, value: Any) -> str:
        return str(self.terms["missing"]["code"] if value is None else self.terms["predicate"][value])

    def competency(self, value: Any) -> str:
        """A code in small letters as a title; others, such as "KOM.2", as they are."""
        if value != value.lower():
            return str(value)
        return " ".join(word.capitalize() for word in value.replace("_", "-").split("-"))

    def competencies(self, value: Any) -> str:
        written = [self.competency(code) for code in value]
        if len(written) < 2:
            return "".join(written) or str(self.terms["missing"]["code"])
        return f"{', '.join(written[:-1])} {self.terms['and']} {written[-1]}"


_WRITTEN: Mapping[str, Callable[[_Words, Any], str]] = {
    "employee": _Words.person,
    "people": _Words.people,
    "day": _Words.day,
    "starts": _Words.day,
    "completed": _Words.day,
    "oldest": _Words.day,
    "period": _Words.period,
    "percent": _Words.percent,
    "old_percent": _Words.percent,
    "new_percent": _Words.percent,
    "level": _Words.level,
    "required": _Words.level,
    "work_result": _Words.rating,
    "behaviour": _Words.rating,
    "predicate": _Words.predicate,
    "competency": _Words.competency,
    "competencies": _Words.competencies,
}
