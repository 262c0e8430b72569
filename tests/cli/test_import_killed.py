"""An import is killed in place of every write to a service or its journal; the same command then ends as if undisturbed."""

from pathlib import Path

import pytest

from cli.importing import sender
from tests.cli.office import ROSTER, Office, outcome, said, written
from tests.killing import killed_at_every_write

PEOPLE = 2


@pytest.mark.parametrize("torn", [False, True], ids=["before a write", "in the middle of a write"])
def test_an_import_killed_anywhere_goes_on_where_it_stopped(
    empty: Office, monkeypatch: pytest.MonkeyPatch, torn: bool
) -> None:
    monkeypatch.setattr(sender, "BATCH", 1)

    def roster(round_: int) -> Path:
        """People nobody has heard of, each a batch of their own."""
        post = ["PNS", "DINKES", "Dinas", "KADIS", "Kepala Dinas", "JPT", "Pratama", "", "definitif", "2026-01-01", ""]
        nips = [f"1972031419970320{round_:02d}"[:15] + f"{round_ * PEOPLE + n:03d}" for n in range(PEOPLE)]
        return written(f"roster-{round_}.csv", ROSTER, *([nip, f"Orang {nip}", *post] for nip in nips))

    journals, round_, writes = empty.system.data.root / "imports", 1, list[str]()
    file = roster(round_)

    def bring() -> None:
        assert empty.bring("roster", file).exit_code == 0

    for writes in killed_at_every_write(bring, torn=torn):
        done = said(empty.bring("roster", file))
        assert done["accepted"] + done["unchanged"] == PEOPLE, f"killed at {writes[-1]}"
        assert done["refused"] == 0
        assert len(empty.get("directory", "/employees", limit=200)["items"]) == PEOPLE * round_
        assert list(journals.glob("*.jsonl")) == []
        assert outcome(empty.bring("roster", file)) == (0, PEOPLE, 0), "there is nothing left to do"
        round_ += 1
        file = roster(round_)
    posts = [write for write in writes if write.startswith("POST ")]
    lines = [write for write in writes if write.startswith('["')]
    assert len(posts) == len(lines) == PEOPLE
    assert writes[-1].startswith("unlink")
