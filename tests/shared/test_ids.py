"""Ids: UUIDv7 from a time and random bits or a fact's business key, checked when a client made it."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.ids import IdNotUuid7, check_client_id, derived_id, fresh_id, id_time, new_id

NOW = datetime(2025, 3, 1, 8, 0, tzinfo=UTC)
times = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone itself
    timezones=st.just(UTC),
)


def test_the_example_of_rfc_9562_is_reproduced() -> None:
    # RFC 9562, appendix A.6: 2022-02-22 14:22:22 GMT-05:00, rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F.
    bits = (0xCC3 << 62 | 0x18C4DC0C0C07398F).to_bytes(10)
    at = datetime(2022, 2, 22, 14, 22, 22, tzinfo=timezone(timedelta(hours=-5)))
    assert new_id(at, bits) == UUID("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")


@given(times, st.binary(min_size=10, max_size=10))
def test_every_id_is_version_7_and_gives_its_time_back(at: datetime, random: bytes) -> None:
    made = new_id(at, random)
    assert made.version == 7
    assert id_time(made) == at.replace(microsecond=at.microsecond // 1000 * 1000)


@given(times, times)
def test_ids_sort_by_their_time(one: datetime, other: datetime) -> None:
    early, late = sorted((one, other))
    if late - early >= timedelta(milliseconds=2):
        assert new_id(early, b"\xff" * 10) < new_id(late, b"\x00" * 10)


def test_fresh_ids_differ_and_are_of_now() -> None:
    ids = {fresh_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(check_client_id(made, datetime.now(UTC)) == made for made in ids)


def test_a_derived_id_is_the_same_for_ever() -> None:
    # By hand: NOW is 0x19550b82400 ms; `printf 'medan\0entry\0A-1' | sha256sum` begins 53a82f3d0633834708fb,
    # of whose 80 bits the first 6 are left out, 12 follow the version (ea0) and 62 the variant (af3d…).
    assert derived_id(NOW, "medan", "entry", "A-1") == UUID("019550b8-2400-7ea0-af3d-0633834708fb")


def test_derived_ids_differ_by_time_and_by_where_the_parts_end() -> None:
    ids = {
        derived_id(NOW, "ab", "c"),
        derived_id(NOW, "a", "bc"),
        derived_id(NOW, "abc"),
        derived_id(NOW, "abc", ""),
        derived_id(NOW + timedelta(milliseconds=1), "abc"),
    }
    assert len(ids) == 5


@pytest.mark.parametrize("key", [(), ("a\0b",), ("a", "\0")])
def test_a_key_that_could_be_mistaken_for_another_is_refused(key: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="key parts"):
        derived_id(NOW, *key)


@pytest.mark.parametrize(
    ("at", "random", "why"),
    [
        (datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC), bytes(10), "1970"),
        (NOW.replace(tzinfo=None), bytes(10), "zone"),
        (NOW, bytes(9), "ten"),
    ],
)
def test_an_id_of_a_wrong_time_or_too_few_bits_is_refused(at: datetime, random: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        new_id(at, random)


def test_a_clients_id_of_today_or_long_ago_is_accepted() -> None:
    for at in (NOW, NOW + timedelta(days=1), datetime(1970, 1, 1, tzinfo=UTC)):
        made = new_id(at, bytes(10))
        assert check_client_id(made, NOW) == made


@pytest.mark.parametrize(
    "made",
    [
        uuid4(),
        UUID(int=0),
        UUID(int=2**128 - 1),
        UUID(int=new_id(NOW, bytes(10)).int & ~(0b11 << 62)),
        new_id(NOW + timedelta(days=1, milliseconds=1), bytes(10)),
    ],
    ids=["version 4", "nil", "max", "another variant", "more than a day ahead"],
)
def test_a_clients_id_of_another_kind_or_from_the_future_is_refused(made: UUID) -> None:
    with pytest.raises(IdNotUuid7) as refused:
        check_client_id(made, NOW)
    assert (refused.value.code, refused.value.status) == ("id-not-uuid7", 422)
