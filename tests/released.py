"""Which release this tree follows: what it promised is kept, and it is upgraded from there."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def git(*words: str, root: Path = ROOT) -> bytes | None:
    """What git says; None where it cannot."""
    try:
        done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None


def last_release(root: Path = ROOT) -> str:
    """The newest tag `v…` before or at the commit, by version; HEAD before there is one.

    Fails where the changelog tells of an older release whose tag is not here: a clone without tags would compare with itself.
    """
    said = git("tag", "--list", "v[0-9]*", "--merged", "HEAD", "--sort=-v:refname", root=root)
    if said is None:
        return "HEAD"
    tags = said.decode().split()
    dated = re.findall(r"^## (\d+\.\d+\.\d+) \(\d{4}-\d\d-\d\d\)$", (root / "CHANGELOG.md").read_text(), re.MULTILINE)
    [newest] = re.findall(r"^## (\S+)", (root / "CHANGELOG.md").read_text(), re.MULTILINE)[:1]
    missing = [f"v{version}" for version in dated if version != newest and f"v{version}" not in tags]
    assert not missing, f"no tag {', '.join(missing)} here: git fetch --tags (and --unshallow in a shallow clone)"
    return tags[0] if tags else "HEAD"
