"""Whatever keeps a command from working is told in one line that says what to do, never as a traceback."""

import os
from collections.abc import Iterator
from ctypes import CDLL, c_uint32
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.main import main
from deploy.embedded.data import Data
from shared.testing.system import EmbeddedSystem

NOBODY = 65_534
#: CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH.
_LOOKS_ANYWHERE = 1 << 1 | 1 << 2
AWAY = {
    "KINERJA_DATABASE_URL_WORKER": "postgresql+asyncpg://worker:secret@127.0.0.1:1/activity",
    "KINERJA_DATABASE_URL_OWNER": "postgresql+asyncpg://owner:secret@127.0.0.1:1/activity",
    "KINERJA_NATS_URL": "nats://127.0.0.1:1",
}
EVERY = [
    ("status",),
    ("events",),
    ("migrate",),
    ("streams", "apply"),
    ("republish",),
    ("rebuild",),
    ("prove",),
    ("dead-letters", "list"),
    ("dead-letters", "show", "activity:1"),
    ("dead-letters", "retry", "--all"),
    ("dead-letters", "drop", "--all", "--because", "a test", "--yes"),
    ("dead-letters", "history"),
    ("instansi", "list"),
    ("token", "--instansi", "medan", "--role", "hr"),
]
_DATABASE = [
    ("migrate", "activity"),
    *((each, "--service", "activity") for each in ("rebuild", "prove")),
    *(("dead-letters", each, "--service", "activity") for each in ("list", "history", "retry")),
    ("dead-letters", "show", "activity:1"),
]
_NATS: list[tuple[str, ...]] = [("events",), ("streams", "apply"), ("republish", "--service", "activity")]


def run(*words: object, **environment: str) -> Result:
    clean: dict[str, str | None] = {name: None for name in os.environ if name.startswith("KINERJA_")}
    return CliRunner().invoke(main, [str(word) for word in words], env=clean | environment)


def told(done: Result, code: int) -> str:
    """The one line of a command that ended so."""
    assert done.exception is None or isinstance(done.exception, SystemExit), repr(done.exception)
    assert done.exit_code == code, done.output
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("Error: ")
    return lines[0]


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_a_system_that_does_not_run_is_to_be_started(words: tuple[str, ...], tmp_path: Path) -> None:
    code = 2 if words[0] == "token" else 4
    assert "`kinerja up`" in told(run(*words, "--data", tmp_path / "none"), code)


@pytest.mark.parametrize("words", _DATABASE, ids=" ".join)
def test_a_database_that_is_away_is_named_with_where_to_look(words: tuple[str, ...]) -> None:
    said = told(run(*words, **AWAY), 4)
    assert "PostgreSQL" in said
    assert "KINERJA_" in said


@pytest.mark.parametrize("words", _NATS, ids=" ".join)
def test_nats_that_is_away_is_named_with_where_to_look(words: tuple[str, ...]) -> None:
    said = told(run(*words, **AWAY), 4)
    assert "NATS" in said
    assert "KINERJA_" in said


@pytest.mark.parametrize(
    "words",
    [
        ("dead-letters", "list"),
        ("rebuild",),
        ("prove",),
        ("migrate",),
        ("dead-letters", "retry"),
        ("dead-letters", "retry", "--all", "--service", "activity", "activity:1"),
        ("dead-letters", "drop", "activity:1"),
        ("dead-letters", "show", "activity"),
        ("dead-letters", "show", "weather:1"),
        ("dead-letters", "show", "activity:99999999999999999999"),
    ],
    ids=" ".join,
)
def test_what_is_not_said_clearly_is_asked_for(words: tuple[str, ...]) -> None:
    done = run(*words, **AWAY)
    assert (done.exit_code, "Error: " in done.stderr) == (2, True)
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "has no `subscribers`"),
        ("nodes: [{name: nats, host: nats}]", "has no `subscribers`"),
        (
            "subscribers: {pay: {instansi: Kota Medan, types: [appraisal.score.changed.v1]}}",
            "list of codes of agencies",
        ),
        ("subscribers: {pay: {instansi: [], types: [appraisal.score.changed.v1]}}", "list of codes of agencies"),
    ],
)
def test_a_file_of_subscribers_that_was_cut_short_takes_nothing_from_anybody(
    text: str, says: str, running_system: EmbeddedSystem, tmp_path: Path
) -> None:
    file, data = tmp_path / "subscribers.yaml", ("--data", running_system.data.root)
    good = "subscribers: {dashboard: {instansi: all, types: [appraisal.score.changed.v1]}}"
    file.write_text(good)
    assert run("subscribers", "apply", file, *data).exit_code == 0
    file.write_text(text)
    assert says in told(run("subscribers", "apply", file, *data), 2)
    assert "dashboard" in run("subscribers", "list", *data).stdout
    file.write_text("subscribers: {}")
    assert "withdrawn" in run("subscribers", "apply", file, *data).stdout


def test_an_address_that_is_none_is_refused_with_how_to_write_it() -> None:
    for address in (
        "postgresql://worker@127.0.0.1/activity",
        "activity",
        "postgresql+asyncpg://worker@host:port/activity",
    ):
        done = run("prove", "--service", "activity", KINERJA_DATABASE_URL_WORKER=address)
        assert "postgresql+asyncpg://role:password@host:port/database" in told(done, 2)


@pytest.fixture
def of_another(tmp_path: Path) -> Iterator[Path]:
    """A data folder that we may not look into."""
    folder = tmp_path / "theirs"
    folder.mkdir(mode=0o700)
    (folder / "lock").touch(mode=0o600)
    (folder / "run.json").write_text("{}")
    us, may = os.geteuid(), capabilities()
    if us == 0:
        os.chown(folder, NOBODY, NOBODY)
        capabilities(may & ~_LOOKS_ANYWHERE)
    else:
        folder.chmod(0)
    yield folder
    if us == 0:
        capabilities(may)
    folder.chmod(0o700)


def capabilities(wanted: int | None = None) -> int:
    """What this thread may do beyond its user's rights (the lower 32, see capget(2)); set when `wanted` is given."""
    libc, header, data = CDLL(None), (c_uint32 * 2)(0x20080522, 0), (c_uint32 * 6)()
    assert libc.capget(header, data) == 0
    if wanted is not None:
        data[0] = wanted
        assert libc.capset(header, data) == 0
    return int(data[0])


@pytest.mark.parametrize("words", [*EVERY, ("up", "--detach"), ("down",)], ids=" ".join)
def test_the_data_folder_of_another_user_is_refused(words: tuple[str, ...], of_another: Path) -> None:
    assert f"{of_another}" in (said := told(run(*words, "--data", of_another), 2))
    assert "belongs to another user" in said


@pytest.mark.parametrize("option", ["--data", "KINERJA_DATA", "--secrets"])
def test_a_hint_names_the_option_by_which_the_folder_was_chosen(option: str, tmp_path: Path) -> None:
    """As in the image of the command, where --data is never typed."""
    chosen = tmp_path / "chosen"
    (tmp_path / "env").touch()

    def hint(*words: str) -> str:
        if option == "--secrets":
            return told(run("compose", "init", "--secrets", chosen, "--env", tmp_path / "env"), 2)
        if option == "--data":
            return told(run(*words, "--data", chosen), 4 if words == ("status",) else 2)
        return told(run(*words, KINERJA_DATA=str(chosen)), 4 if words == ("status",) else 2)

    hints = [] if option == "--secrets" else [hint("status")]
    chosen.mkdir()
    (chosen / "notes.txt").touch()
    hints.append(hint("up"))
    (chosen / "VERSION").write_text("99\n")
    hints.append(hint("up", "--detach"))
    (chosen / "VERSION").write_text("1\n")
    with Data(chosen).claimed():
        hints.append(hint("up"))
    (chosen / "jwks").touch()  # where a folder has to be
    hints += [hint()] if option == "--secrets" else []
    others = {"--data", "KINERJA_DATA", "--secrets"} - {option}
    for said in hints:
        assert option in said
        assert not any(other in said for other in others)


def test_an_address_that_was_given_is_what_is_to_be_checked(tmp_path: Path) -> None:
    said = told(run("status", KINERJA_URL="http://127.0.0.1:9", KINERJA_DATA=str(tmp_path)), 4)
    assert said.endswith("; check KINERJA_URL.")


def test_a_wrong_password_is_told_as_such(running_system: EmbeddedSystem) -> None:
    base = running_system.processes()["postgres"]["port"]
    wrong = f"postgresql+asyncpg://activity_worker:wrong@127.0.0.1:{base}/activity"
    said = told(run("dead-letters", "list", "--service", "activity", KINERJA_DATABASE_URL_WORKER=wrong), 2)
    assert "user and password" in said
    nats = running_system.processes()["nats"]["url"]
    said = told(run("events", KINERJA_NATS_URL=nats, KINERJA_NATS_USER="reader", KINERJA_NATS_PASSWORD="no"), 4)
    assert "KINERJA_NATS_URL, _USER and _PASSWORD" in said
