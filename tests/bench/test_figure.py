"""Rows, figures and their verdicts."""

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from bench.__main__ import show, write
from bench.figure import Row, figure, in_turn
from bench.probes import percentile

RATE = Row(
    name="post", unit="entries/s", what="logged one by one", against="a handler that does nothing", reach=0.4, aim=0.6
)
TIME = Row(name="freshness", unit="ms", what="p99", against="bare", reach=1000, aim=250, better="less", judged="value")
TOLD = Row(name="reads", unit="ms", what="p99", against="idle", aim=300, better="less", judged="value")


def test_a_figure_is_the_median_of_its_rounds_and_its_ratio_that_of_the_pairs() -> None:
    # Pairs: 0.5, 0.25, 0.8. The ratio of the medians would be 20 / 50 = 0.4.
    made = figure(RATE, [20, 10, 80], [40, 40, 100])
    assert (made.value, made.limit, made.ratio, made.min, made.max) == (20, 40, 0.5, 10, 80)


@pytest.mark.parametrize(
    ("row", "value", "limit", "verdict"),
    [
        (RATE, 60, 100, "aim"),
        (RATE, 59, 100, "reach"),
        (RATE, 40, 100, "reach"),
        (RATE, 39, 100, "missed"),
        (TIME, 250, 5, "aim"),
        (TIME, 1000, 5, "reach"),
        (TIME, 1001, 5, "missed"),
        (TOLD, 300, 5, "aim"),
        (TOLD, 301, 5, ""),
    ],
)
def test_a_verdict_says_what_was_had_of_what_was_asked(row: Row, value: float, limit: float, verdict: str) -> None:
    assert figure(row, [value], [limit]).verdict == verdict


async def test_ours_and_the_limit_are_measured_in_turn_after_one_of_each_that_does_not_count() -> None:
    order: list[str] = []
    ours, limit = iter([1, 10, 20, 30]), iter([2, 100, 100, 100])

    async def measure_ours() -> float:
        order.append("ours")
        return next(ours)

    async def measure_limit() -> float:
        order.append("limit")
        return next(limit)

    made = await in_turn(RATE, measure_ours, measure_limit, 3)
    assert order == ["limit", "ours"] * 4
    assert (made.value, made.limit, made.min, made.max) == (20, 100, 10, 30)
    assert made.ratio == pytest.approx(0.2)


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [float(n) for n in range(100, 0, -1)]
    assert (percentile(values, 0.99), percentile(values, 0.5), percentile([7.0], 0.99)) == (99, 50, 7)


def test_the_file_has_every_figure_by_its_name_and_the_table_shows_what_is_asked(tmp_path: Path) -> None:
    figures = [figure(RATE, [50], [100]), figure(TIME, [2000], [4])]
    write(figures, tmp_path / "bench.json")
    told = json.loads((tmp_path / "bench.json").read_text())
    assert list(told) == ["post", "freshness"]
    assert {name: told["post"][name] for name in ("value", "unit", "limit", "ratio", "min", "max", "verdict")} == {
        "value": 50, "unit": "entries/s", "limit": 100, "ratio": 0.5, "min": 50, "max": 50, "verdict": "reach",
    }  # fmt: skip
    page = StringIO()
    show(figures, Console(file=page, width=200))
    assert "ratio ≥ 0.4, 0.6" in page.getvalue()
    assert "value ≤ 1000, 250" in page.getvalue()
