"""The picture of the demo fits terminals of any size: no number and no end of the story is cut off."""

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from cli.demo.chain import Look
from cli.demo.picture import Picture

STORY = ["Contoh, Perawat", *(f"Langkah {number}: " + "kata " * 15 for number in range(1, 23))]


class _Told:
    phase = "selesai"


@pytest.mark.parametrize(("width", "height"), [(80, 24), (111, 30), (112, 30), (200, 60)])
def test_the_picture_shows_all_numbers_and_the_end_of_the_story(width: int, height: int) -> None:
    console, nobody = Console(width=width, height=height, file=StringIO()), Any
    addresses = ["Alamat: http://127.0.0.1:8700/services.json", "Surat: mails"]
    picture = Picture(console, nobody, _Told(), nobody, addresses)  # type: ignore[arg-type]
    told = {"activity.entry.verified": 19_900, "appraisal.score.changed": 4_268}
    picture._looks.append(Look(at=1.0, told=told, notices=1_761, mails={"sent": 1_375}))
    picture._story = STORY
    console.print(picture._picture())
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert len(shown.splitlines()) <= height
    assert [word for word in ("19.900", "4.268", "1.761", "1.375", STORY[0], "Langkah 22") if word not in shown] == []
    words = " ".join(shown.replace("│", " ").split())
    assert "terverifikasi 19.900" in words
    assert ("Langkah 1: " in words) == (height == 60)
