"""Values as people and spreadsheets write them."""

import re
from datetime import UTC, date, datetime, time
from decimal import Decimal

from shared.calendar import zone_of


class ValueRefused(ValueError):
    """A cell that cannot be read; the text says what to write instead, `code` is stable, `row` its number if known."""

    def __init__(self, code: str, detail: str, row: int | None = None) -> None:
        super().__init__(detail)
        self.code, self.row = code, row


_DAY_FIRST = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})")
_ISO_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})([T ].*)?")


def day(text: str) -> date:
    """A date as 2026-03-01 (a time behind it is left out) or 01/03/2026 (day first)."""
    try:
        if found := _DAY_FIRST.fullmatch(text):
            return date(int(found[3]), int(found[2]), int(found[1]))
        if found := _ISO_DAY.fullmatch(text):
            return date.fromisoformat(found[1])
    except ValueError:
        pass
    raise ValueRefused("date-malformed", f"{text[:40]!r} is no date: write 2026-03-01, or 01/03/2026 (day first).")


def iso_day(text: str) -> str:
    """A date (see `day`) as JSON says it."""
    return day(text).isoformat()


def moment(text: str, zone: str) -> datetime:
    """A time as ISO 8601, or a date, which means its first moment; without an offset it is meant in `zone`."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        try:
            at = datetime.combine(day(text), time())
        except ValueRefused:
            raise ValueRefused(
                "time-malformed", f"{text[:40]!r} is no time: write 2026-03-01T08:30:00+07:00."
            ) from None
    try:
        return (at if at.tzinfo else at.replace(tzinfo=zone_of(zone))).astimezone(UTC)
    except OverflowError:
        raise ValueRefused("time-malformed", f"{text[:40]!r} lies outside the calendar.") from None


_AMBIGUOUS = re.compile(r"[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}")
_NUMBERS = (
    re.compile(r"[+-]?[0-9]+([.,][0-9]+)?"),
    re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]{3})+(,[0-9]+)?"),
    re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?"),
)


def number(text: str) -> Decimal:
    """A number with a decimal point or comma: 1.5, 1,5, 1.234,5 or 1,234.5. What could mean two numbers is refused."""
    plain = text.replace("\u00a0", "").replace(" ", "")
    if _AMBIGUOUS.fullmatch(plain):
        thousands, fraction = plain[:-4] + plain[-3:], plain.replace(",", ".") + "0"
        raise ValueRefused(
            "number-ambiguous", f"{text[:40]!r} may mean {thousands} or {fraction}: write it in one of these ways."
        )
    if not any(form.fullmatch(plain) for form in _NUMBERS):
        raise ValueRefused("number-malformed", f"{text[:40]!r} is no number: write 1.5 or 1,5.")
    whole, point, fraction = plain, "", ""
    last = max(plain.rfind("."), plain.rfind(","))
    if last >= 0 and plain.count(plain[last]) == 1:
        whole, point, fraction = plain[:last], ".", plain[last + 1 :]
    return Decimal(re.sub("[.,]", "", whole) + point + fraction)


def whole(text: str) -> int:
    """A whole number."""
    value = number(text)
    if value != value.to_integral_value():
        raise ValueRefused("number-not-whole", f"{text[:40]!r} is no whole number: write 3.")
    return int(value)


_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_OTHER = re.compile(r"[^a-z0-9]+")


def code(text: str) -> str:
    """`text` itself when it can serve as a code, else a code made of it: lower case, words joined by hyphens."""
    made = text if _CODE.fullmatch(text) else _OTHER.sub("-", text.lower()).strip("-")[:64]
    if not made:
        raise ValueRefused("code-empty", f"{text[:40]!r} holds no letter or digit to make a code of.")
    return made


_PAIR = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._:/-]{0,63})\s*[=:]\s*([0-9]+)\s*")


_WORDS = {"ya": True, "yes": True, "true": True, "1": True, "tidak": False, "no": False, "false": False, "0": False}


def yes(text: str) -> bool:
    """Ya or tidak, yes or no."""
    if text.lower() not in _WORDS:
        raise ValueRefused("yes-or-no", f"{text[:40]!r}: write ya or tidak.")
    return _WORDS[text.lower()]


def levels(text: str) -> dict[str, int]:
    """Competency levels as `communication=3; teamwork=2`."""
    found: dict[str, int] = {}
    for part in filter(str.strip, text.split(";")):
        pair = _PAIR.fullmatch(part)
        if pair is None or pair[1] in found:
            raise ValueRefused("levels-malformed", f"{text[:60]!r}: write communication=3; teamwork=2, each once.")
        found[pair[1]] = int(pair[2])
    return found
