"""Rates and quantiles between two looks at a process' metrics."""

import pytest

from cli.measured import Look, grown, quantile, service


def look(at: float, *lines: str) -> Look:
    return Look("\n".join(lines) + "\n", at=at)


def test_a_counter_grows_by_the_second_and_by_its_label() -> None:
    before = look(
        10,
        'kinerja_http_seconds_count{status="2xx",route="a"} 100',
        'kinerja_http_seconds_count{status="5xx",route="a"} 1',
    )
    now = look(
        14,
        'kinerja_http_seconds_count{status="2xx",route="a"} 120',
        'kinerja_http_seconds_count{status="2xx",route="b"} 20',
        'kinerja_http_seconds_count{status="5xx",route="a"} 3',
    )
    # (120 + 20 - 100) / 4 seconds, (3 - 1) / 4 seconds
    assert grown(before, now, "kinerja_http_seconds_count", "status") == {"2xx": 10.0, "5xx": 0.5}


def test_a_process_that_began_anew_counts_from_nothing() -> None:
    assert grown(look(0, "x_total 1000"), look(2, "x_total 10"), "x_total") == {"": 5.0}


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (0.5, 0.0075),  # the 50th: half way from 0.005 (40) to 0.01 (60)
        (0.95, 0.075),  # the 95th: half way from 0.05 (90) to 0.1 (100)
        (1.0, 0.1),
    ],
)
def test_a_quantile_is_linear_within_its_bucket(share: float, expected: float) -> None:
    buckets = {"0.005": 40.0, "0.01": 60.0, "0.05": 90.0, "0.1": 100.0, "+Inf": 100.0}
    assert quantile(share, buckets) == pytest.approx(expected)


def test_what_is_beyond_the_last_bound_is_told_as_that_bound_and_nothing_as_nothing() -> None:
    assert quantile(0.95, {"0.1": 1.0, "+Inf": 100.0}) == 0.1
    assert quantile(0.95, {"0.1": 0.0, "+Inf": 0.0}) is None
    assert quantile(0.95, {}) is None


def test_two_workers_that_see_the_same_queue_tell_it_once_and_their_memory_is_summed() -> None:
    first = look(0, "kinerja_outbox_rows 7", 'kinerja_consumer_lag{durable="a"} 4', "process_resident_memory_bytes 100")
    second = look(
        0,
        "kinerja_outbox_rows 8",
        'kinerja_consumer_lag{durable="a"} 5',
        'kinerja_consumer_lag{durable="b"} 1',
        "process_resident_memory_bytes 50",
    )
    told = service([(first, first), (second, second)])
    assert (told["outbox_rows"], told["lag"], told["memory_bytes"], told["processes"]) == (8, 6, 150, 2)
    assert (told["requests_per_second"], told["p95_ms"]) == (None, None)
