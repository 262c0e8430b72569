"""What the demo shows while it runs: the chain with its numbers and one person's story; plain lines outside a terminal."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from cli.demo.chain import Chain, Look
from cli.demo.play import Play
from cli.demo.tale import Tale

_EVERY_SECONDS = 1.0
_LINE_EVERY_SECONDS = 5.0
_TALE_EVERY_SECONDS = 3.0
_WINDOW = 6
#: Columns that four boxes side by side need.
_WIDE = 112

#: What each service of the chain shows: the word people read, and the types of messages it counts.
SHOWN: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "activity": {
        "catatan": ("activity.entry.logged",),
        "terverifikasi": ("activity.entry.verified",),
        "dikembalikan": ("activity.entry.returned",),
        "gugur": ("activity.entry.lapsed",),
    },
    "appraisal": {
        "nilai berubah": ("appraisal.score.changed",),
        "dinilai atasan": ("appraisal.rating.set",),
        "kesenjangan": ("appraisal.gap.found",),
        "tertutup": ("appraisal.gap.closed",),
    },
    "training": {
        "rencana": ("training.development-plan.proposed",),
        "disetujui": ("training.development-plan.approved",),
        "terdaftar": ("training.enrolment.enrolled",),
        "selesai": ("training.enrolment.completed",),
    },
}


class Picture:
    """Draws until cancelled."""

    def __init__(self, console: Console, chain: Chain, play: Play, tale: Tale, addresses: Sequence[str]) -> None:
        self._console, self._chain, self._play, self._tale = console, chain, play, tale
        self._addresses = addresses
        self._looks: deque[Look] = deque(maxlen=_WINDOW)
        self._story: list[str] = []

    async def draw(self) -> None:
        """Keep the picture up to date."""
        if self._console.is_terminal:
            with Live(Text("…"), console=self._console, auto_refresh=False) as live:
                await self._repeat(lambda: live.update(self._picture(), refresh=True), _EVERY_SECONDS)
        else:
            await self._repeat(
                lambda: self._console.print(self._line(), soft_wrap=True, highlight=False, markup=False),
                _LINE_EVERY_SECONDS,
            )

    async def tell(self) -> None:
        """The story once more as plain text, for the end."""
        for line in await self._tale.lines():
            self._console.print(line, soft_wrap=True, highlight=False, markup=False)

    async def _repeat(self, show: Callable[[], None], every: float) -> None:
        told = 0.0
        while True:
            self._looks.append(await self._chain.look())
            if time.monotonic() - told > _TALE_EVERY_SECONDS and self._console.is_terminal:
                self._story, told = await self._tale.lines(), time.monotonic()
            show()
            await asyncio.sleep(every)

    def _picture(self) -> RenderableType:
        look = self._looks[-1]
        mails = {"pemberitahuan": look.notices, "surat terkirim": look.mails.get("sent", 0)}
        waiting = {"surat menunggu": look.mails.get("waiting", 0), "pesan rusak": look.dead_letters}
        chain = {service: self._counts(service, look) for service in SHOWN} | {"notification": mails | waiting}
        hints = Text("\n".join((*self._addresses, "Ctrl-C menghentikan semuanya.")), style="dim")
        title = f"Kinerja · {self._play.phase} · orang dan persetujuan dalam data ini adalah simulasi"
        numbers = self._boxes(chain) if self._console.width >= _WIDE else self._lines(chain)
        above = Group(Text(title, style="bold"), numbers, hints)
        return Group(above, Panel(self._fitting(above), title="Satu cerita"))

    def _fitting(self, above: RenderableType) -> Text:
        """The story: on a low terminal who it is about, and what happened last."""
        story = Text("\n".join(self._story) or "Data sedang disiapkan …")
        lines = list(story.wrap(self._console, self._console.width - 4))
        room = max(self._console.height - len(self._console.render_lines(above)) - 3, 3)
        if len(lines) > room:
            lines[1 : len(lines) - room + 2] = [Text("…")]
        return Text("\n").join(lines)

    def _lines(self, chain: Mapping[str, Mapping[str, int]]) -> Table:
        """A narrow terminal has room for a line of words a service."""
        look, table = self._looks[-1], Table(box=None, show_header=False, padding=(0, 1, 0, 0))
        for service, counts in chain.items():
            queue = look.lag.get(service, 0) + look.outbox.get(service, 0)
            said = [f"{word} {_written(count)}" for word, count in counts.items()]
            table.add_row(service.upper(), ", ".join([*said, f"{self._rate(service):.0f}/detik, antrean {queue}"]))
        return table

    def _boxes(self, chain: Mapping[str, Mapping[str, int]]) -> Table:
        table = Table(box=None, padding=(0, 1))
        boxes: list[RenderableType] = []
        for service, counts in chain.items():
            boxes += [self._box(service, counts), Text("──▶")]
        for _ in boxes[:-1]:
            table.add_column(vertical="middle")
        table.add_row(*boxes[:-1])
        return table

    def _box(self, service: str, counts: Mapping[str, int]) -> Panel:
        grid = Table.grid(padding=(0, 1))
        grid.add_column()
        grid.add_column(justify="right")
        for word, count in counts.items():
            grid.add_row(word, _written(count))
        look = self._looks[-1]
        grid.add_row("pesan/detik", f"{self._rate(service):.0f}", style="cyan")
        grid.add_row("antrean", str(look.lag.get(service, 0) + look.outbox.get(service, 0)), style="yellow")
        return Panel(grid, title=service.upper())

    def _line(self) -> str:
        look = self._looks[-1]
        parts = [f"[{self._play.phase}]"]
        for service in SHOWN:
            counts = ", ".join(f"{word} {count}" for word, count in self._counts(service, look).items())
            queue = look.lag.get(service, 0) + look.outbox.get(service, 0)
            parts.append(f"{service}: {counts}, {self._rate(service):.0f}/s, antrean {queue};")
        queue = look.lag.get("notification", 0)
        parts.append(f"notification: pemberitahuan {look.notices}, surat {look.mails.get('sent', 0)}, antrean {queue}")
        return " ".join(parts)

    def _counts(self, service: str, look: Look) -> dict[str, int]:
        return {word: sum(look.told.get(type_, 0) for type_ in types) for word, types in SHOWN[service].items()}

    def _rate(self, service: str) -> float:
        """Messages a second that the service told lately; for notification, notices."""
        first, last = self._looks[0], self._looks[-1]
        if last.at <= first.at:
            return 0.0
        if service == "notification":
            return (last.notices - first.notices) / (last.at - first.at)
        told = [sum(n for type_, n in look.told.items() if type_.startswith(service)) for look in (first, last)]
        return (told[1] - told[0]) / (last.at - first.at)


def _written(count: int) -> str:
    return f"{count:,}".replace(",", ".")
