"""Which period a page is about."""

from services.portal.visit import Visit
from shared.calendar import Period
from shared.errors import NotFound


def asked_period(visit: Visit, written: str) -> Period:
    """The period of this name, today's for none. NotFound for what is no period of the instansi so far."""
    today = visit.rules.period_of(visit.rules.local_date(visit.now))
    if not written:
        return today
    try:
        period = Period.parse(written)
    except ValueError:
        raise _unknown() from None
    if period.kind is not today.kind or period > today or period.last_day < visit.rules.first_day:
        raise _unknown()
    return period


def _unknown() -> NotFound:
    return NotFound("Periode ini tidak ada. / There is no such period.")
