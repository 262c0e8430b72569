"""Rules about the code itself that neither the type checker nor import-linter can hold."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]
_LONGEST_FILE = 400
_LONGEST_FUNCTION = 40
_KERNEL_LINES = 1_840  # the aim is 1200

_CLOCKS_AND_DICE = {
    "now",
    "utcnow",
    "today",
    "uuid1",
    "uuid4",
    "uuid6",
    "uuid7",
    "fresh_id",
    "monotonic",
    "token_hex",
}
_EDGES = (
    "shared/eventstore/",
    "shared/operations/",
    "shared/messaging/",
    "shared/web/",
    "shared/testing/",
    "deploy/",
    "cli/",
)


def _sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (_ROOT / folder).rglob("*.py"))


def _name(path: Path) -> str:
    return path.relative_to(_ROOT).as_posix()


def _pure_files() -> list[Path]:
    named = {"events.py", "decider.py", "contract.py", "rules.py"}
    return [path for path in _sources("services") if path.name in named or "rules" in path.parts]


def _called(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Names of what is called or handed on as a factory, with their lines."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=used) | ast.keyword(arg="default_factory", value=used):
                name = used.attr if isinstance(used, ast.Attribute) else getattr(used, "id", "")
                yield name, used.lineno


def _code_lines(path: Path) -> int:
    """Lines that are neither blank, comment nor docstring."""
    text = path.read_text()
    lines = {n for n, line in enumerate(text.splitlines(), 1) if line.strip() and not line.strip().startswith("#")}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            lines -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(lines)


@pytest.mark.parametrize("path", _pure_files(), ids=_name)
def test_pure_files_ask_no_clock_and_throw_no_dice(path: Path) -> None:
    asked = [f"{name} (line {line})" for name, line in _called(ast.parse(path.read_text())) if name in _CLOCKS_AND_DICE]
    assert asked == [], "time and ids come with the command"


@pytest.mark.parametrize("path", _pure_files(), ids=_name)
def test_pure_files_are_not_asynchronous(path: Path) -> None:
    waits = [
        node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.AsyncFunctionDef | ast.Await)
    ]
    assert waits == []


def test_no_file_is_longer_than_the_limit() -> None:
    long = {
        _name(path): length
        for path in _sources("services", "shared", "cli", "deploy", "tests")
        if (length := len(path.read_text().splitlines())) > _LONGEST_FILE
    }
    assert long == {}, f"split files of more than {_LONGEST_FILE} lines"


def test_no_function_is_longer_than_the_limit() -> None:
    long = {
        f"{_name(path)}:{node.name}": length
        for path in _sources("services", "shared", "cli", "deploy")
        if "migrations" not in path.parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (length := (node.end_lineno or node.lineno) - node.lineno + 1) > _LONGEST_FUNCTION
    }
    assert long == {}, f"split functions of more than {_LONGEST_FUNCTION} lines"


def test_the_kernel_stays_small() -> None:
    lines = sum(_code_lines(path) for path in _sources("shared/eventstore", "shared/messaging"))
    assert lines <= _KERNEL_LINES, "shared/eventstore and shared/messaging are to be read in an evening"


def test_only_the_store_and_the_edges_commit() -> None:
    found = [
        f"{_name(path)}:{node.lineno}"
        for path in _sources("services", "shared", "cli", "deploy")
        if not _name(path).startswith(_EDGES)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in {"commit", "rollback"}
    ]
    assert found == []


def test_public_messages_need_only_pydantic_and_the_standard_library() -> None:
    allowed = set(sys.stdlib_module_names) | {"pydantic", "typing_extensions", "shared.contracts"}
    strange = set()
    for path in _sources("shared/contracts"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or "."] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                root = ".".join(name.split(".")[:2]) if name.startswith("shared") else name.split(".")[0]
                if root not in allowed:
                    strange.add(f"{_name(path)} imports {name}")
    assert strange == set()
