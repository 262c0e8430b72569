"""The list of services that every deploy step goes by."""

from collections import Counter

import pytest

from deploy.services import load, service_names


def test_all_services_load_beside_one_another_under_their_own_names() -> None:
    assert [load(name).name for name in service_names()] == service_names()


def test_no_two_subscriptions_share_a_durable() -> None:
    durables = Counter((s.stream, s.durable) for name in service_names() for s in load(name).subscriptions)
    assert [durable for durable, count in durables.items() if count > 1] == []


def test_an_unknown_service_is_refused_by_name() -> None:
    with pytest.raises(LookupError, match="no service 'payroll'"):
        load("payroll")
