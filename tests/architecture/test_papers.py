"""What is said about the whole is said alike everywhere, and completely."""

import re
import tomllib
from pathlib import Path

from shared.runtime import VERSION

_ROOT = Path(__file__).resolve().parents[2]
_DECISIONS = _ROOT / "docs" / "adr"


def test_the_version_is_the_same_wherever_it_is_said() -> None:
    [newest] = re.findall(r"^## (\S+) \(", (_ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[:1]
    packaged = tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert {VERSION, packaged} == {newest}


def test_every_decision_is_listed_with_its_title_and_what_became_of_it() -> None:
    row = re.compile(r"^\| (\d+) \| \[(.+)\]\((\S+\.md)\) \| (\S.*) \| (\S.*) \|$", re.MULTILINE)
    rows = row.findall((_DECISIONS / "README.md").read_text())
    files = sorted(path for path in _DECISIONS.glob("*.md") if path.name != "README.md")
    titles = [(path.name, path.read_text().split("\n", 1)[0]) for path in files]
    listed = [(file, f"# {number}. {title}") for number, title, file, _, _ in rows]
    assert listed == titles, "give docs/adr/README.md a row for each page, in order, with the page's own title"
    assert [int(file[:4]) for file, _ in listed] == [int(number) for number, *_ in rows]
    numbers = {number for number, *_ in rows}
    for number, _, _, status, _ in rows:
        match = re.fullmatch(r"accepted|replaced by (\d+)", status)
        assert match, f"{number}: {status}"
        assert match[1] is None or match[1] in numbers - {number}
