"""One of every kind of fault under load, from a fixed seed: nothing is lost, counted twice or different."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]
SECONDS, SEED = 45, 16


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, str, dict[str, object]]:
    """Exit code, all that was printed, and the object on the last line."""
    folder = tmp_path_factory.mktemp("chaos")
    command = [sys.executable, "-m", "chaos", "--seconds", str(SECONDS), "--seed", str(SEED), "--keep", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=_ROOT, timeout=600, check=False)
    assert done.stdout, done.stderr
    return done.returncode, done.stdout, json.loads(done.stdout.splitlines()[-1])


def test_after_one_of_every_fault_nothing_accepted_is_lost_doubled_or_different(
    told: tuple[int, str, dict[str, object]],
) -> None:
    _, out, report = told
    assert (report["lost"], report["doubled"], report["different"]) == (0, 0, 0), out


def test_every_kind_of_fault_struck_or_is_named_as_left_out(told: tuple[int, str, dict[str, object]]) -> None:
    _, out, report = told
    faults, left_out = report["faults"], report["left_out"]
    assert isinstance(faults, dict)
    assert isinstance(left_out, dict)
    assert {*faults, *left_out} == {"kill", "freeze", "wipe", "full-disk", "clock", "again"}, out
    assert set(faults) & set(left_out) == set()
    assert (report["seed"], report["kills"]) == (SEED, 5)
    assert isinstance(report["accepted"], int)
    assert report["accepted"] > 100


def test_wrong_usage_ends_with_2() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "chaos", "--seconds", "0"], capture_output=True, text=True, cwd=_ROOT, check=False
    )
    assert done.returncode == 2
    assert "--seconds" in done.stderr
