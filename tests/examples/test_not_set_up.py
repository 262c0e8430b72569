"""Who starts an example without what it needs is told in one line what is missing, never by a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
_SIASN = {"SIASN_URL": "http://127.0.0.1:1", "SIASN_GATEWAY_TOKEN": "a", "SIASN_SSO_TOKEN": "b"}
_FEED = {"KINERJA_FEED_URL": "http://127.0.0.1:1/api/v1/contoh", "KINERJA_FEED_TOKEN": "a"}


@pytest.mark.parametrize(
    ("command", "environment", "says"),
    [
        ("python/subscribe.py kept", {}, "KINERJA_NATS_URL is not set"),
        ("http/pull.py kept", {}, "KINERJA_FEED_URL is not set"),
        ("payroll_tpp/payroll.py kept listen", {}, "KINERJA_NATS_USER is not set"),
        ("payroll_tpp/payroll.py kept reconcile none.csv", {}, "none.csv cannot be read"),
        ("siasn/siasn.py kept listen", {}, "KINERJA_FEED_URL is not set"),
        ("siasn/siasn.py kept listen", _FEED, "Kinerja does not answer"),
        ("siasn/siasn.py kept push people.csv", {}, "SIASN_URL is not set"),
        ("siasn/siasn.py kept push none.csv", _SIASN, "none.csv cannot be read"),
        ("siasn/siasn.py kept push people.csv", _SIASN, "people.csv needs the columns employee, nip"),
    ],
)
def test_what_is_missing_is_named(command: str, environment: dict[str, str], says: str, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("name\nContoh\n")
    program, *arguments = command.split()
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("KINERJA_", "SIASN_"))}
    done = subprocess.run(
        [sys.executable, str(_EXAMPLES / program), *arguments],
        cwd=tmp_path,
        env=clean | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert says in done.stderr
