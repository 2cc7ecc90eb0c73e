"""Who may hold what: the changing side of a store is within reach of the gate alone."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import icehouse

ROOT = Path(icehouse.__file__).parent

MAY_NAME_RESTORES = {"engine/gate.py", "engine/worker.py", "services/worker.py"}
"""Outside the stores' own room: the gate, and the worker's composition root."""

MAY_NAME_ANNOTATES = {"engine/gate.py"}
"""The same for the writing of notes: the gate finds out by itself whether its store takes any."""

MAY_CALL_RESTORE = {"engine/gate.py"}
"""Where a store's `restore` may be called with requests."""

LINKS = {"services/deliver.py", "services/deliver_links.py"}
"""Where links are made: for trial, and once their delivery is recorded."""


@cache
def _sources() -> list[tuple[str, ast.Module]]:
    """Every file of the house, parsed once for all tests."""
    return [
        (path.relative_to(ROOT).as_posix(), ast.parse(path.read_text()))
        for path in sorted(ROOT.rglob("*.py"))
        if not path.is_relative_to(ROOT / "sim")
    ]


@cache
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


@cache
def _calls(tree: ast.Module) -> set[str]:
    """The names by which a file calls anything."""
    called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {getattr(func, "id", "") or getattr(func, "attr", "") for func in called}


def _builders(name: str) -> set[str]:
    """The files that call something of that name."""
    return {path for path, tree in _sources() if name in _calls(tree)}


def test_a_restore_request_is_built_by_the_gate_alone() -> None:
    assert _builders("RestoreRequest") == MAY_CALL_RESTORE


def test_the_writing_of_notes_is_named_by_the_gate_alone() -> None:
    named = {path for path, tree in _sources() if "Annotates" in _names(tree) and not path.startswith("stores/")}
    assert named == MAY_NAME_ANNOTATES


def test_a_note_is_written_by_the_gate_alone() -> None:
    assert _builders("NoteRequest") == {"engine/gate.py"}
    assert {path for path in _builders("annotate") if not path.startswith("stores/")} == {
        "engine/gate.py",
        "engine/steps/sending.py",
    }


def test_the_handing_over_is_named_by_the_gate_alone() -> None:
    named = {path for path, tree in _sources() if "Delegates" in _names(tree) and not path.startswith("stores/")}
    assert named == {"engine/gate.py"}


def test_an_order_is_built_and_handed_over_by_the_gate_alone() -> None:
    assert _builders("Order") == {"engine/gate.py"}
    handing = {
        path
        for path, tree in _sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "submit"
        if "pool" not in ast.unparse(node.func.value) and "writer" not in ast.unparse(node.func.value)
        if not path.startswith("stores/")
    }
    assert handing == {"engine/gate.py"}, "all else is submitted to threads of ours"
    assert {path for path in _builders("call_off") if not path.startswith("stores/")} == {
        "engine/gate.py",
        "engine/steps/delegating.py",
    }


def test_links_are_asked_for_where_deliveries_are_made_alone() -> None:
    assert _builders("LinkRequest") == LINKS


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
