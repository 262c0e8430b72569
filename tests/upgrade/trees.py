"""Two source trees: the version that is released, and the next one."""

import re
import shutil
import tarfile
from io import BytesIO
from pathlib import Path

from deploy.services import load, service_names
from tests.released import ROOT as ROOT
from tests.released import git, last_release

_FOLDERS = ("services", "shared", "cli", "deploy")
_PROBED = '''

class UpgradeProbed(Message):
    """What only the next version tells."""

    TYPE = "{service}.upgrade.probed"

    number: int
'''
_EXTEND = """

from shared.upgrade_probe import extend  # noqa: E402

SERVICE = extend(SERVICE)
"""
_EXPAND = """
from alembic import op

revision = "9998"
down_revision = "{head}"


def upgrade() -> None:
    for column in {columns}:
        op.execute(f"ALTER TABLE {{column}}")
    op.execute("CREATE TABLE upgrade_probe (event_id uuid PRIMARY KEY)")
    op.execute("GRANT SELECT, INSERT ON upgrade_probe TO {service}_worker")
"""
_CONTRACT = """
from alembic import op

revision = "9999"
down_revision = "9998"


def upgrade() -> None:
    for table in {tables}:
        op.execute(f"ALTER TABLE {{table}} ALTER COLUMN upgrade_note SET NOT NULL")
"""


def released(target: Path) -> Path:
    """The last release; what is committed where there is none; what lies here where there is no git."""
    if archive := git("archive", last_release(), *_FOLDERS):
        with tarfile.open(fileobj=BytesIO(archive)) as packed:
            packed.extractall(target, filter="data")
    else:
        _copy(target)
    return target


def without(tree: Path, service: str, target: Path) -> Path:
    """The same version before there was this service."""
    shutil.copytree(tree, target, dirs_exist_ok=True)
    shutil.rmtree(target / "services" / service, ignore_errors=True)
    return target


def following(target: Path) -> Path:
    """What lies here, and of every service something more."""
    _copy(target)
    shutil.copy(Path(__file__).with_name("probe.py"), target / "shared" / "upgrade_probe.py")
    for service in service_names():
        contract = target / "shared" / "contracts" / f"{service}.py"
        if contract.exists():
            told = re.sub(r'(?m)^    TYPE = ".*"$', r"\g<0>\n    upgrade_note: int = 1", contract.read_text())
            contract.write_text(told + _PROBED.format(service=service))
        with (target / "services" / service / "app.py").open("a") as app:
            app.write(_EXTEND)
        versions = target / "services" / service / "migrations" / "versions"
        head = max(path.name for path in versions.glob("[0-9]*.py"))[:4]
        # Rows that the older version writes have no note; `published` belongs to the kernel, which writes none at all.
        columns = [f"{table} ADD COLUMN upgrade_note integer" for table in rows_of(service)]
        columns = columns or ["published ADD COLUMN upgrade_note integer DEFAULT 0"]
        expand = _EXPAND.format(head=head, columns=columns, service=service)
        (versions / "9998_expand.py").write_text(expand)
    return target


def rows_of(service: str) -> list[str]:
    """The tables of its aggregates' rows."""
    return [slice_.table.__tablename__ for slice_ in load(service).slices if slice_.table is not None]


def contract(tree: Path, service: str) -> None:
    """The migration that is due once no older version runs."""
    tables = rows_of(service) or ["published"]
    versions = tree / "services" / service / "migrations" / "versions"
    (versions / "9999_contract.py").write_text(_CONTRACT.format(tables=tables))


def _copy(target: Path) -> None:
    for folder in _FOLDERS:
        shutil.copytree(ROOT / folder, target / folder, ignore=shutil.ignore_patterns("__pycache__"))
