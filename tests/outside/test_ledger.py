"""The ledgers of the examples say the same whatever came twice, late, out of order or in other batches."""

import json
import random
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from shared.contracts.schema_files import SAMPLES

_ROOT = Path(__file__).resolve().parents[2]
_ANI, _JULY = "0197a000-0000-7000-8000-000000000002", "2026-07"
_NODE = """
import { Ledger } from "./ledger.mjs";
import { mkdtempSync, readFileSync } from "node:fs";
const [folder, orders] = [mkdtempSync(process.argv[1]), JSON.parse(readFileSync(0, "utf8"))];
console.log(JSON.stringify(orders.map((batches, place) => {
  const ledger = new Ledger(`${folder}/${place}`);
  batches.forEach((batch) => ledger.take(batch));
  ledger.close();
  return new Ledger(`${folder}/${place}`, { look: true }).picture();
})));
"""


def _told(kind: str, subject: str, version: int, told_in: int, **data: Any) -> str:
    said = json.loads((SAMPLES / f"{kind}.v1.json").read_bytes())
    said |= {"id": f"{subject} {version}", "subject": subject, "sourceversion": version, "epoch": told_in}
    said["data"] |= {"employee": _ANI, "period": _JULY} | data
    return json.dumps(said)


#: Entry a is verified, b taken back, c lost by a restore, d changed after it under an id that was given before.
_TOLD = [
    _told("activity.entry.logged", "a", 1, 1, quantity="1.25", status="waiting"),
    _told("activity.entry.verified", "a", 2, 1, quantity="1.25", status="verified"),
    _told("activity.entry.verified", "a", 2, 2, quantity="1.25", status="verified"),
    _told("activity.entry.verified", "b", 2, 2, quantity="7", status="verified"),
    _told("activity.entry.withdrawn", "b", 3, 2, quantity="7", status="withdrawn"),
    _told("activity.entry.verified", "c", 5, 1, quantity="9", status="verified"),
    _told("activity.entry.amended", "d", 4, 1, quantity="30", status="waiting"),
    _told("activity.entry.verified", "d", 4, 2, quantity="3", status="verified"),
    _told("activity.record.renewed", "marker", 1, 2, epoch=2),
    _told("appraisal.review.closed", "r", 3, 1, percent="60"),
    _told("appraisal.review.adjusted", "r", 4, 1, old_percent="60", new_percent="75"),
    _told("appraisal.review.adjusted", "r", 5, 1, old_percent="75", new_percent="80"),
    _told("training.competency.confirmed", "t", 1, 1),
    *("{broken", '{"type": 7}', "[]", "null", "3", '{"data": null}'),
]
_WANTED = {
    "entries": {"a": [2, "verified", "1.25"], "b": [3, "withdrawn", "7"], "d": [4, "verified", "3"]},
    "counted": {f"{_ANI} {_JULY}": "4.25"},
    "results": {"r": {"percent": "80", "adjusted": ["75", "80"]}},
    "events": ["a 1", "a 2", "b 2", "b 3", "c 5", "d 4", "marker 1", "r 3", "r 4", "r 5", "t 1"],
}


def _orders() -> list[list[list[str]]]:
    """In order, backwards, and two hundred times at random with repeats, each cut into batches."""
    dice, orders = random.Random(25), [_TOLD, _TOLD[::-1]]
    for _ in range(200):
        order = _TOLD + dice.sample(_TOLD, 5)
        dice.shuffle(order)
        orders.append(order)
    size = [dice.randint(1, 6) for _ in orders]
    return [[order[at : at + n] for at in range(0, len(order), n)] for order, n in zip(orders, size, strict=True)]


def test_the_python_ledger_says_the_same_after_every_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(_ROOT / "examples" / "python"), *sys.path])
    ledger_of = import_module("ledger").Ledger
    for place, batches in enumerate(_orders()[:40]):
        ledger = ledger_of(tmp_path / str(place))
        for batch in batches:
            ledger.take([text.encode() for text in batch])
        assert ledger_of(tmp_path / str(place)).picture() == _WANTED


def test_the_node_ledger_says_the_same_after_every_order(node: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [node, "--input-type=module", "-e", _NODE, str(tmp_path / "ledger-")],
        input=json.dumps(_orders()),
        cwd=_ROOT / "examples" / "node",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    pictures = json.loads(done.stdout)
    assert pictures == [_WANTED] * len(pictures)


def test_half_a_line_that_a_kill_left_behind_is_no_part_of_the_node_ledger(node: str, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    ledger.write_text(json.dumps([json.loads(text) for text in _TOLD[:2]]) + "\n" + '[{"id": "a 3", "ty')
    program = 'import { Ledger } from "./ledger.mjs"; const l = new Ledger(process.argv[1]); l.take([process.argv[2]]); l.close();'
    subprocess.run(
        [node, "--input-type=module", "-e", program, ledger, _TOLD[4]], cwd=_ROOT / "examples/node", check=True
    )
    lines = [json.loads(line) for line in ledger.read_text().splitlines()]
    assert [event["id"] for line in lines for event in line] == ["a 1", "a 2", "b 3"]
