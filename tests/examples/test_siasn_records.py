"""What the SIASN adapter keeps of ratings that come in any order."""

import itertools
import runpy
from pathlib import Path
from typing import Any

import pytest

Records: Any = runpy.run_path(str(Path(__file__).resolve().parents[2] / "examples" / "siasn" / "records.py"))["Records"]
_TYPE = "id.go.kinerja.appraisal.rating.set.v1"


def _set(version: int, work: str) -> dict[str, Any]:
    rating = {"work_result": work, "behaviour": "meets", "predicate": "baik"}
    data = {"employee": "e", "period": "2026-Q1", **rating}
    return {"type": _TYPE, "epoch": 1, "sourceversion": version, "data": data}


@pytest.mark.parametrize("order", list(itertools.permutations((1, 2, 3))))
def test_the_newest_rating_counts_in_whatever_order_they_come(tmp_path: Path, order: tuple[int, ...]) -> None:
    records, said = Records(tmp_path / "records"), {1: "above", 2: "below", 3: "above"}
    for version in order:
        records.take([_set(version, said[version])], "cursor")
    [kept] = records.in_state("ready")
    assert (kept["rating"]["work_result"], kept["version"]) == ("above", 3)


def test_the_same_rating_again_leaves_what_was_accepted(tmp_path: Path) -> None:
    records = Records(tmp_path / "records")
    records.take([_set(1, "above")], None)
    records.mark(records.in_state("ready")[0], "accepted")
    records.take([_set(2, "above")], None)
    assert records.counts() == {"accepted": 1}
