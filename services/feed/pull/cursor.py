"""The opaque cursor of the pull feed: the question it belongs to, and how far its reader has come in each stream."""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

import orjson
from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError

from services.feed.paging import Place
from shared.errors import Refusal
from shared.web.paging import MalformedCursor

#: The server counts in 64 bits without a sign.
_Seq = Annotated[int, Field(ge=0, lt=2**63, strict=True)]
_Content = tuple[str, dict[str, tuple[AwareDatetime | None, _Seq, AwareDatetime]]]
_READER: TypeAdapter[_Content] = TypeAdapter(_Content)


class CursorOfAnotherQuestion(Refusal):
    """The cursor was made for another instansi or other types: what it passed over for those would never come."""

    code = "cursor-of-another-question"
    status = 422


def digest_of(instansi: str, asked: str | None) -> str:
    """Names a question: the instansi and the types asked for, however they are written (None: all that are granted)."""
    types = "*" if asked is None else ",".join(sorted({each.strip() for each in asked.split(",")}))
    return hashlib.sha256(f"{instansi} {types}".encode()).hexdigest()[:16]


def written(digest: str, places: Mapping[str, Place]) -> str:
    """The cursor of these places."""
    content = {stream: (place.born, place.seq, place.until) for stream, place in sorted(places.items())}
    return base64.urlsafe_b64encode(orjson.dumps((digest, content))).rstrip(b"=").decode()


def understood(digest: str, cursor: str) -> dict[str, Place]:
    """The places of a cursor. MalformedCursor, CursorOfAnotherQuestion."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        of, content = _READER.validate_json(text)
        places = {stream: Place(*place) for stream, place in content.items()}
    except (ValidationError, ValueError, binascii.Error) as error:
        raise MalformedCursor(
            "Pakai nilai next dari jawaban sebelumnya, atau mulai tanpa after. / "
            "Use the value of next of the answer before, or begin without after."
        ) from error
    if of != digest:
        raise CursorOfAnotherQuestion(
            "Pakai types yang sama dengan permintaan sebelumnya, atau mulai tanpa after. / "
            "Use the same types as before, or begin without after."
        )
    if any(not 1970 <= each.year < 3000 for place in places.values() for each in _times(place)):
        raise MalformedCursor("Mulai tanpa after. / Begin without after.")
    return places


def _times(place: Place) -> list[datetime]:
    return [place.until, place.born or place.until]
