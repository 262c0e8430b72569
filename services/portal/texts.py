"""What people read: Indonesian in templates and code, English from `locale/en/*.po`; dates and numbers as either writes them."""

import io
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Any

from babel.dates import format_date
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from shared.calendar import Period, PeriodKind
from shared.web.messages import Language

CATALOGUES = Path(__file__).parent / "locale"


@cache
def catalogue(language: Language) -> NullTranslations:
    """The sentences of a language. What is missing in English is shown in Indonesian; a test sees to it that nothing is."""
    if language == "id":
        return NullTranslations()
    together = Catalog(locale=language)
    for path in sorted((CATALOGUES / language).glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=language):
                together[message.id] = message
    compiled = io.BytesIO()
    write_mo(compiled, together)
    compiled.seek(0)
    return GNUTranslations(compiled)


def day(value: date | str, language: Language, how: str = "EEEE, d MMMM y") -> str:
    """A day in words: Senin, 2 Maret 2026."""
    return format_date(date.fromisoformat(value) if isinstance(value, str) else value, how, locale=language)


def month(period: str, language: Language) -> str:
    """A period in words: Maret 2026, Kuartal ke-1 2026."""
    found = Period.parse(period)
    pattern = "LLLL y" if found.kind is PeriodKind.MONTH else "QQQQ y"
    return format_date(found.first_day, pattern, locale=language)


def short_month(period: str, language: Language) -> str:
    """A period where there is little room: Mar, K1."""
    found = Period.parse(period)
    return format_date(found.first_day, "LLL" if found.kind is PeriodKind.MONTH else "QQQ", locale=language)


def number(value: Decimal | str | int | None, language: Language) -> str:
    """A number as people write it: 1.234,5 in Indonesian. Nothing for None."""
    return "" if value is None else format_decimal(Decimal(str(value)), "#,##0.####", locale=language)


def plain(written: str, language: Language) -> str:
    """A number that somebody wrote, as services take it: 1.200 is 1200 in Indonesian, 1,200 in English; else either sign
    stands for the decimals. What is no number stays as it was written."""
    group = re.escape("." if language == "id" else ",")
    if re.fullmatch(rf"[1-9]\d{{0,2}}({group}\d{{3}})+([.,]\d+)?", written):
        written = re.sub(rf"{group}(?=\d{{3}}(\D|$))", "", written)
    return written.replace(",", ".")


def said(problem: Mapping[str, Any], language: Language) -> str:
    """What a service says is to be changed, in one language: it writes both, with a slash between."""
    indonesian, slash, english = str(problem.get("detail", "")).partition(" / ")
    return english if slash and language == "en" else indonesian


def local(moment: datetime | str, zone: Any, language: Language) -> str:
    """A moment in the zone of the instansi: 2 Mar 2026 14.05."""
    at = (datetime.fromisoformat(moment) if isinstance(moment, str) else moment).astimezone(zone)
    return f"{format_date(at, 'd MMM y', locale=language)} {at:%H.%M}"


def N_(sentence: str) -> str:
    """Marks a sentence that is translated where it is shown."""
    return sentence
