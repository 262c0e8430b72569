"""Values as people and spreadsheets write them."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo


class ValueRefused(ValueError):
    """A cell that cannot be read; the text says what to write instead, `code` is stable."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


_DAY_FIRST = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")


def day(text: str) -> date:
    """A date as 2026-03-01 or 01/03/2026 (day first)."""
    try:
        if found := _DAY_FIRST.fullmatch(text):
            return date(int(found[3]), int(found[2]), int(found[1]))
        return date.fromisoformat(text[:10] if re.fullmatch(r"\d{4}-\d\d-\d\d[T ].*", text) else text)
    except ValueError:
        raise ValueRefused("date-malformed", f"{text[:40]!r} is no date: write 2026-03-01 or 01/03/2026.") from None


def moment(text: str, zone: str) -> datetime:
    """A time as ISO 8601; without an offset it is meant in `zone`."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        try:
            at = datetime.combine(day(text), datetime.min.time())
        except ValueRefused:
            raise ValueRefused(
                "time-malformed", f"{text[:40]!r} is no time: write 2026-03-01T08:30:00+07:00."
            ) from None
    return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def number(text: str) -> Decimal:
    """A number with a decimal point or comma, as 1.5, 1,5, 1.234,5 or 1,234.5."""
    plain = text.replace("\u00a0", "").replace(" ", "")
    point, comma = plain.rfind("."), plain.rfind(",")
    if comma >= 0 and point >= 0:
        thousands, decimal = (".", ",") if comma > point else (",", ".")
        plain = plain.replace(thousands, "").replace(decimal, ".")
    elif comma >= 0:
        plain = plain.replace(",", ".") if plain.count(",") == 1 else plain.replace(",", "")
    try:
        value = Decimal(plain)
    except InvalidOperation:
        raise ValueRefused("number-malformed", f"{text[:40]!r} is no number: write 1.5 or 1,5.") from None
    if not value.is_finite():
        raise ValueRefused("number-malformed", f"{text[:40]!r} is no finite number.")
    return value


_SLUG = re.compile(r"[^a-z0-9]+")


def slug(text: str) -> str:
    """A code made of a label: lower case, words joined by hyphens."""
    return _SLUG.sub("-", text.lower()).strip("-")
