"""Who may hold what: the changing side of a store is within reach of the gate alone."""

from __future__ import annotations

import ast
from pathlib import Path

import icehouse

ROOT = Path(icehouse.__file__).parent

MAY_NAME_RESTORES = {"engine/gate.py", "engine/worker.py", "services/worker.py"}
"""Outside the stores' own room: the gate, and the worker's composition root."""

MAY_CALL_RESTORE = {"engine/gate.py"}
"""Where a store's `restore` may be called with requests."""


def _sources() -> list[tuple[str, ast.Module]]:
    return [
        (path.relative_to(ROOT).as_posix(), ast.parse(path.read_text()))
        for path in sorted(ROOT.rglob("*.py"))
        if not path.is_relative_to(ROOT / "sim")
    ]


def _names(tree: ast.Module) -> set[str]:
    found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    found |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom | ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def test_the_changing_protocol_is_named_by_the_gate_and_its_worker_alone() -> None:
    elsewhere = {
        path
        for path, tree in _sources()
        if "Restores" in _names(tree) and path not in MAY_NAME_RESTORES and not path.startswith("stores/")
    }
    assert elsewhere == set()


def test_a_restore_request_is_built_by_the_gate_alone() -> None:
    elsewhere = {
        path
        for path, tree in _sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (getattr(node.func, "id", "") == "RestoreRequest" or getattr(node.func, "attr", "") == "RestoreRequest")
        and path not in MAY_CALL_RESTORE
    }
    assert elsewhere == set()


def test_the_gate_asks_every_guard_before_each_call() -> None:
    tree = ast.parse((ROOT / "engine/gate.py").read_text())
    gate = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Gate")
    for method in (node for node in gate.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")):
        assert isinstance(method.body[1], ast.For), f"{method.name} begins by asking the guards"
        assert ast.unparse(method.body[1].iter) == "self._guards"


def test_no_setting_or_variable_takes_a_guard_out() -> None:
    tree = ast.parse((ROOT / "engine/gate.py").read_text())
    assert not _names(tree) & {"os", "environ", "getenv", "config", "settings"}


def test_nothing_in_the_house_removes_objects_from_a_store() -> None:
    forbidden = {"delete_object", "delete_objects", "delete_bucket", "put_object", "copy_object", "upload_fileobj"}
    assert {path for path, tree in _sources() if _names(tree) & forbidden} == set()
