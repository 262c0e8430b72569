"""An import that was killed knows what was answered, and nothing that was not."""

from pathlib import Path

from cli.importing.journal import Journal


def test_an_answer_is_found_by_what_was_sent_also_by_the_next_process(tmp_path: Path) -> None:
    path = tmp_path / "imports" / "journal.jsonl"
    Journal(path).note([{"status": 201}], "activity", [{"n": 1}])
    found = Journal(path)
    assert found.answered("activity", [{"n": 1}]) == [{"status": 201}]
    assert found.answered("activity", [{"n": 2}]) is None
    assert found.answered("appraisal", [{"n": 1}]) is None


def test_a_line_cut_by_a_kill_counts_as_not_answered_and_the_journal_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    first = Journal(path)
    first.note("one", 1)
    first.note("two", 2)
    written = path.read_bytes()
    for cut in range(1, len(written.splitlines(keepends=True)[1]) + 1):
        path.write_bytes(written[:-cut])
        torn = Journal(path)
        assert (torn.answered(1), torn.answered(2)) == ("one", None)
        torn.note("two again", 2)
        torn.note("three", 3)
        whole = Journal(path)
        assert [whole.answered(n) for n in (1, 2, 3)] == ["one", "two again", "three"]


def test_a_complete_import_leaves_no_journal(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.note("one", 1)
    journal.close()
    journal.close()
    assert not journal.path.exists()
