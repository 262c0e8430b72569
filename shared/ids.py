"""UUIDv7 ids (RFC 9562): made from a time and random bits, or from a fact's time and its business key."""

import hashlib
import os
from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID

from shared.errors import Refusal

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_AHEAD = timedelta(days=1)
_SEPARATOR = "\0"


class IdNotUuid7(Refusal):
    """A client-made id must be a UUIDv7 whose time is not more than a day ahead."""

    code = "id-not-uuid7"
    status = 422


def new_id(now: datetime, random: bytes) -> UUID:
    """The UUIDv7 of an aware time (kept to the millisecond) and ten random bytes, of which 74 bits are used.

    ValueError: a time without zone or before 1970, or not ten bytes.
    """
    if now.tzinfo is None:
        raise ValueError("the time of an id needs a time zone")
    if now < _EPOCH:
        raise ValueError("the time of an id must not lie before 1970")
    if len(random) != 10:
        raise ValueError("an id needs exactly ten random bytes")
    milliseconds = (now - _EPOCH) // _MILLISECOND
    bits = int.from_bytes(random)
    upper = (bits >> 62) & 0xFFF
    lower = bits & ((1 << 62) - 1)
    return UUID(int=milliseconds << 80 | 0x7 << 76 | upper << 64 | 0b10 << 62 | lower)


def fresh_id() -> UUID:
    """A new UUIDv7 from the clock and the random source: for edges only, never for rules."""
    return new_id(datetime.now(UTC), os.urandom(10))


def derived_id(at: datetime, *key: str) -> UUID:
    """The one UUIDv7 of a fact at `at` with this business key: the same arguments give the same id for ever.

    ValueError: no key, a key part holding U+0000 (it separates the parts), or a time `new_id` refuses.
    """
    if not key or any(_SEPARATOR in part for part in key):
        raise ValueError("a derived id needs key parts without U+0000")
    digest = hashlib.sha256(_SEPARATOR.join(key).encode()).digest()
    return new_id(at, digest[:10])


def id_time(id: UUID) -> datetime:
    """The time inside a UUIDv7, to the millisecond, in UTC. OverflowError: later than the year 9999."""
    return _EPOCH + timedelta(milliseconds=id.int >> 80)


def check_client_id(id: UUID, now: datetime) -> UUID:
    """The id itself when it is a UUIDv7 not more than a day ahead of `now`; raises IdNotUuid7 otherwise."""
    if id.variant != RFC_4122 or id.version != 7:
        raise IdNotUuid7("Id harus UUID versi 7. / The id must be a UUID of version 7.", id=str(id))
    if id.int >> 80 > (now + _AHEAD - _EPOCH) // _MILLISECOND:
        raise IdNotUuid7(
            "Waktu di dalam id lebih dari satu hari di depan; periksa jam perangkat. / "
            "The time inside the id is more than a day ahead; check the device's clock.",
            id=str(id),
        )
    return id
