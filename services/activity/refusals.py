"""How rules that several records of this service share say no."""

from shared.errors import Refusal


class FutureDate(Refusal):
    """What is recorded has happened."""

    code = "future-date"
    status = 422


class TooEarly(Refusal):
    """The instansi did not use the system yet."""

    code = "before-first-day"
    status = 422


class PeriodClosed(Refusal):
    """A closed period takes no further facts."""

    code = "period-closed"
    status = 409


class UnknownUnit(Refusal):
    """The directory has told of no such unit."""

    code = "unknown-unit"
    status = 422


def check_open(period: str, closed: frozenset[str]) -> None:
    """Refuse a closed period; raises PeriodClosed."""
    if period in closed:
        raise PeriodClosed(
            "Periode ini sudah ditutup; ajukan penyesuaian kepada kepegawaian. / "
            "This period is closed; ask hr for an adjustment.",
            period=period,
        )


def unknown_unit(unit: object) -> UnknownUnit:
    """The refusal of a unit nobody has told of."""
    return UnknownUnit(
        "Unit ini belum dikenal; daftarkan dulu di direktori. / "
        "This unit is not known; register it in the directory first.",
        unit=str(unit),
    )
