"""Charts as SVG made on the server: read without colour, and always shown beside a table of the same numbers."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

from markupsafe import Markup

_WIDTH, _BAR = 320, 14


def share_bar(percent: Decimal, title: str, text: str) -> Markup:
    """A bar of achievement against its target: the mark stands at 100 %, the bar ends at 150 % at most.

    `title` says what it is, `text` says the same as the bar in words.
    """
    most = Decimal(150)
    filled = round(_WIDTH * min(max(percent, Decimal(0)), most) / most)
    mark = round(_WIDTH * Decimal(100) / most)
    return Markup(
        '<svg class="chart" role="img" viewBox="0 0 {width} {height}" aria-label="{label}">'
        '<rect class="track" x="0" y="4" width="{width}" height="{bar}" rx="3"/>'
        '<rect class="fill" x="0" y="4" width="{filled}" height="{bar}" rx="3"/>'
        '<line class="mark" x1="{mark}" x2="{mark}" y1="0" y2="{height}"/></svg>'
    ).format(width=_WIDTH, height=_BAR + 8, bar=_BAR, filled=filled, mark=mark, label=f"{title}: {text}")


def line(values: Sequence[tuple[str, Decimal | None]], title: str) -> Markup:
    """Values over time, in per cent: a point for each that is known, joined where neighbours are. 100 % is marked."""
    height, top, foot = 120, Decimal(150), 18
    step = _WIDTH / max(len(values), 1)

    def place(index: int, value: Decimal) -> tuple[int, int]:
        shown = min(max(value, Decimal(0)), top)
        return round(step * (index + 0.5)), round((height - foot) * float(1 - shown / top)) + 4

    points = [None if value is None else place(index, value) for index, (_, value) in enumerate(values)]
    joined = Markup("").join(
        Markup('<line class="line" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(*a, *b)
        for a, b in pairwise(points)
        if a and b
    )
    dots = Markup("").join(
        Markup('<circle class="dot" cx="{}" cy="{}" r="4"/>').format(*each) for each in points if each
    )
    names = Markup("").join(
        Markup('<text x="{}" y="{}" text-anchor="middle">{}</text>').format(round(step * (index + 0.5)), height, name)
        for index, (name, _) in enumerate(values)
    )
    hundred = place(0, Decimal(100))[1]
    label = f"{title}: " + ", ".join(f"{name} {'–' if value is None else f'{value} %'}" for name, value in values)
    return Markup(
        '<svg class="chart" role="img" viewBox="0 0 {} {}" aria-label="{}">'
        '<line class="mark" x1="0" x2="{}" y1="{}" y2="{}"/>{}{}{}</svg>'
    ).format(_WIDTH, height + 4, label, _WIDTH, hundred, hundred, joined, dots, names)
