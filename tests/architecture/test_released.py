"""What a release wrote down is not edited: a database that it made would differ from a new one for ever."""

import ast
import tarfile
from io import BytesIO
from pathlib import PurePath

from tests.released import ROOT, git, last_release


def _definitions(source: bytes | str) -> dict[str, str]:
    """What stands at the top of a module, by name; imports and comments are free."""
    found = {}
    for node in ast.parse(source).body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                found[name] = ast.dump(node)
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                found[name] = ast.dump(node)
    return found


def _released() -> dict[PurePath, dict[str, str]]:
    """Migrations of the last release, and the parts that they share."""
    archive = git("archive", last_release(), "services", "shared")
    assert archive is not None
    found = {}
    with tarfile.open(fileobj=BytesIO(archive)) as packed:
        for each in packed:
            path, file = PurePath(each.name), packed.extractfile(each)
            if file and (path.match("migrations/versions/[0-9]*.py") or path.match("shared/*/schema.py")):
                found[path] = _definitions(file.read())
    return found


def test_migrations_of_a_release_stay_as_they_are_and_others_follow() -> None:
    released = _released()
    assert len(released) > 10
    edited = {}
    for path, before in released.items():
        if path.parts[0] == "services" and not (ROOT / "services" / path.parts[1]).exists():
            continue  # a service may be given up, with all it had
        now = _definitions((ROOT / path).read_text()) if (ROOT / path).exists() else {}
        changed = sorted(name for name in before if now.get(name) != before[name])
        if changed:
            edited[str(path)] = changed
    assert edited == {}, "add a migration instead"


def test_samples_of_a_release_stay() -> None:
    listed = git("ls-tree", "-r", "--name-only", last_release(), "shared/contracts/samples")
    assert listed
    assert [name for name in listed.decode().split() if not (ROOT / name).exists()] == []
