"""How often somebody answered lately, without knowing who: keyed hashes, forgotten after a day."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.errors import Refusal
from shared.eventstore.rows import fetch

#: An hour's answers from one address (a counter's own tablet, or many phones behind one), and of one unit.
FROM_ONE_ADDRESS, OF_ONE_UNIT = 60, 300

_COUNT = """
INSERT INTO survey_rate AS r (instansi, key, hour, answers) VALUES ($1, $2, date_trunc('hour', $3::timestamptz), 1)
ON CONFLICT (instansi, key, hour) DO UPDATE SET answers = r.answers + 1 RETURNING answers
"""
_UNIT = "SELECT id FROM heard_unit WHERE instansi = $1 AND code = $2 AND (last_day IS NULL OR last_day >= $3)"


class SurveyPaused(Refusal):
    """So many answers in an hour are no citizens' any more."""

    code = "survey-paused"
    status = 429


async def count(conn: AsyncConnection, instansi: str, key: bytes, now: datetime, most: int) -> None:
    """Count an answer; SurveyPaused when there were `most` in this hour."""
    [(answers,)] = await fetch(conn, _COUNT, instansi, key, now)
    if answers > most:
        raise SurveyPaused("Terima kasih. Coba lagi satu jam lagi. / Thank you. Try again in an hour.")


async def unit_of(conn: AsyncConnection, instansi: str, code: str, today: object) -> str | None:
    """The id of a unit that is not closed; None where there is none of this code."""
    rows = await fetch(conn, _UNIT, instansi, code, today)
    return str(rows[0][0]) if rows else None
