"""How a release is cut, tried on a copy of this tree in a repository of its own."""

import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.runtime import VERSION
from tests.released import ROOT, git, last_release

_NEXT = "999.0.0"


class Tree:
    """A repository without a remote."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        listed = git("ls-files", "-z", "--cached", "--others", "--exclude-standard")
        assert listed
        for name in listed.decode().rstrip("\0").split("\0"):
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, folder / name)
        self.git("init", "--quiet")
        self.git("config", "user.name", "Rilis")
        self.git("config", "user.email", "rilis@contoh.go.id")

    def git(self, *words: str) -> str:
        return subprocess.run(
            ["git", "-C", self.folder, *words], check=True, capture_output=True, text=True
        ).stdout.strip()

    def change(self, path: str, old: str, new: str) -> None:
        text = (self.folder / path).read_text()
        assert old in text
        (self.folder / path).write_text(text.replace(old, new, 1))

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "What is to be released")

    def release(self, version: str) -> tuple[int, str]:
        """`make release VERSION=…`: the exit code and all that was said."""
        command, said = ["deploy/ci/release.sh", version], {"PYTHON": sys.executable, "PATH": "/usr/bin:/bin"}
        done = subprocess.run(command, cwd=self.folder, env=said, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    made = Tree(tmp_path)
    changelog = (tmp_path / "CHANGELOG.md").read_text()
    heading = next(line for line in changelog.splitlines() if line.startswith("## "))
    made.change("CHANGELOG.md", heading, f"## {VERSION} (unreleased)")
    made.commit()
    return made


def test_a_release_is_a_tag_here_of_a_tree_that_keeps_what_the_last_one_promised(tree: Tree) -> None:
    today = datetime.now(UTC).date()
    assert tree.release("1.0") == (2, "No release: say which, as in: make release VERSION=1.2.3\n")
    code, said = tree.release(VERSION)
    assert (code, f"'## {VERSION} (unreleased)'" in said) == (2, True)
    tree.change("CHANGELOG.md", f"## {VERSION} (unreleased)", f"## {VERSION} ({today})")
    assert tree.release(VERSION) == (
        2,
        "No release: there are changes that are not committed; git status lists them.\n",
    )
    assert tree.git("tag") == ""

    tree.commit()
    code, said = tree.release(VERSION)
    assert code == 0, said
    assert tree.git("cat-file", "-t", f"v{VERSION}") == "tag"
    assert tree.git("rev-parse", f"v{VERSION}^{{}}") == tree.git("rev-parse", "HEAD")
    assert tree.git("status", "--porcelain") == ""
    assert tree.release(VERSION)[0] == 2

    for path in ("shared/runtime.py", "pyproject.toml"):
        tree.change(path, f'"{VERSION}"', f'"{_NEXT}"')
    tree.change("CHANGELOG.md", f"## {VERSION}", f"## {_NEXT} ({today})\n\n## {VERSION}")
    tree.change("services/activity/migrations/versions/0001_first.py", "status text NOT NULL", "status text")
    tree.change("shared/contracts/activity.py", "    TYPE =", "    sudden: int\n\n    TYPE =")
    _write_schemas(tree)
    tree.commit()
    code, said = tree.release(_NEXT)
    assert (code, "No release: the checks above failed" in said) == (2, True), said
    assert "sudden is new and required" in said
    assert "services/activity/migrations/versions/0001_first.py" in said
    assert tree.git("tag") == f"v{VERSION}"


def _write_schemas(tree: Tree) -> None:
    """As somebody would who writes the files by hand because the command refuses."""
    program = """
import json
from shared.contracts.schema_files import file_of, messages, schema_of
for message in messages():
    file_of(message).write_text(json.dumps(schema_of(message)))
"""
    subprocess.run([sys.executable, "-c", program], cwd=tree.folder, check=True)


def test_what_was_released_is_the_newest_tag_by_version_and_a_clone_without_tags_is_noticed(tmp_path: Path) -> None:
    def run(*words: str) -> None:
        who = ("-c", "user.name=Rilis", "-c", "user.email=rilis@contoh.go.id")
        subprocess.run(["git", "-C", tmp_path, *who, *words], check=True, capture_output=True)

    def tell(*headings: str) -> None:
        (tmp_path / "CHANGELOG.md").write_text("# Changelog\n" + "".join(f"\n## {each}\n" for each in headings))
        run("add", "--all")
        run("commit", "--quiet", "--message", "More")

    run("init", "--quiet")
    tell("0.9.0 (2026-11-01)")
    assert last_release(tmp_path) == "HEAD"
    run("tag", "v0.9.0")
    tell("0.10.0 (2026-11-22)", "0.9.0 (2026-11-01)")
    assert last_release(tmp_path) == "v0.9.0", "the one that is about to be released has no tag yet"
    run("tag", "v0.10.0")
    run("tag", "of-something-else")
    tell("0.11.0 (unreleased)", "0.10.0 (2026-11-22)", "0.9.0 (2026-11-01)")
    assert last_release(tmp_path) == "v0.10.0"
    run("tag", "--delete", "v0.10.0")
    with pytest.raises(AssertionError, match=r"no tag v0\.10\.0 here: git fetch --tags"):
        last_release(tmp_path)
