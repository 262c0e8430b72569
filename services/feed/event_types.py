"""Which public event types there are, and how callers name them."""

from collections.abc import Collection, Iterable
from functools import cache

from shared.contracts.base import PREFIX, Renewed
from shared.contracts.schema_files import messages
from shared.errors import Refusal


class UnknownType(Refusal):
    """An event type that no service tells."""

    code = "unknown-type"
    status = 422


@cache
def known_types() -> tuple[str, ...]:
    """Every public event type, such as `activity.entry.verified.v1`, sorted; but for what this service tells itself.

    NATS lets it read everybody's stream but its own, and who pulls or is pushed to sees the state of webhooks over HTTP.
    """
    told = (message.full_type().removeprefix(f"{PREFIX}.") for message in messages())
    return tuple(sorted(each for each in told if not each.startswith("feed.")))


def checked_types(said: Iterable[str]) -> list[str]:
    """The types as this service keeps them, sorted; callers may write the CloudEvents type in full. UnknownType."""
    types = sorted({each.strip().removeprefix(f"{PREFIX}.") for each in said})
    if unknown := [each[:100] for each in types if each not in known_types()]:
        raise UnknownType(
            "Pakai jenis dari GET /event-types. / Use types that GET /event-types names.", unknown=unknown[:20]
        )
    return types


def with_markers(types: Collection[str]) -> list[str]:
    """The types and the marker of a restored record of each stream of theirs: without it nobody could know what is void."""
    markers = {each.full_type().removeprefix(f"{PREFIX}.") for each in messages() if issubclass(each, Renewed)}
    streams = by_stream(types)
    return sorted({*types, *(each for each in markers if by_stream([each]).keys() <= streams.keys())})


def by_stream(types: Collection[str]) -> dict[str, list[str]]:
    """The types by the stream they travel on."""
    found: dict[str, list[str]] = {}
    for each in sorted(types):
        found.setdefault(each.split(".", 1)[0].upper(), []).append(each)
    return found


def subject_of(instansi: str, types: Collection[str]) -> str:
    """What to ask a stream for: exactly the one type, or everything of the instansi, which holds the types."""
    first, *others = sorted(types)
    return f"kinerja.{instansi}.{first.split('.', 1)[0]}.>" if others else f"kinerja.{instansi}.{first}"
