"""The whole benchmark in small: every part runs, and says what it was asked for. Nothing is said about how fast."""

import importlib

import pytest

from bench.__main__ import MODULES, ORDER, measure
from bench.figure import Row


def rows_of(module: str) -> tuple[Row, ...]:
    rows: tuple[Row, ...] = importlib.import_module(f"bench.rows.{module}").ROWS
    return rows


def test_every_figure_that_is_asked_for_is_measured_by_one_part_and_no_other() -> None:
    names = [row.name for module in MODULES for row in rows_of(module)]
    assert len(names) == len(set(names))
    assert set(ORDER) <= set(names)


@pytest.mark.parametrize("module", MODULES)
async def test_a_part_measures_its_figures(module: str) -> None:
    figures = await measure([module], "tiny")
    found = {figure.row.name: figure for figure in figures}
    assert len(found) == len(figures)
    assert {row.name for row in rows_of(module)} <= set(found)
    for figure in figures:
        assert figure.row.unit
        assert figure.min <= figure.value <= figure.max
        assert figure.limit > 0
        assert figure.ratio >= 0
        if figure.row.name in ORDER:
            assert figure.value > 0
            assert figure.ratio > 0
        if figure.min == figure.max:  # one round: the ratio is that of the two numbers shown
            assert figure.ratio == pytest.approx(figure.value / figure.limit)
