"""The backup scope of the demo: over both systems, as somebody would have written it, with something left open."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

NAME = "core-facility"
BUCKET = "imaging-platform"
PROJECTS = ("runs-2024", "analyses", "tools")

_TEXT = """\
# What the core facility must be able to bring back after the worst day.
# The first rule that matches decides; what none decides is undecided until somebody does.
name = "{name}"
covers = [
{covers}
]
copy_class = "DEEP_ARCHIVE"     # what the monthly cost is told for

# Plates were imaged once; the tar balls are the only whole copy.
[[rule]]
verdict = "keep"
reason = "whole plates, imaged once, agreed with the group leaders in May"
glob = "**/archives/**"

[[rule]]
preset = "apps, applets and workflows"

[[rule]]
preset = "final results"

[[rule]]
preset = "sequencer data"

[[rule]]
preset = "intermediates"

# Still to be agreed: backend/ and mixed/ of the imaging projects, and a few files beside the runs.
"""


def write_demo_scope(folder: Path, store: str, dx: str, projects: Mapping[str, str]) -> Path | None:
    """Write the scope into `folder`, unless it is there or the sample data lack what it covers; its file.

    `projects` are the names of the projects of store `dx`, by their ids.
    """
    by_name = {name: project for project, name in projects.items()}
    if any(name not in by_name for name in PROJECTS):
        return None
    covers = [f"{store}:{BUCKET}", *(f"{dx}:{by_name[name]}" for name in PROJECTS)]
    titles = ["", *(f"   # {name}" for name in PROJECTS)]
    path = folder / f"{NAME}.toml"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        listed = "\n".join(f'  "{cover}",{title}' for cover, title in zip(covers, titles, strict=True))
        path.write_text(_TEXT.format(name=NAME, covers=listed), encoding="utf-8")
    return path
