"""Errands that dxpy itself runs against a stand-in, each in a process of its own: dxpy keeps its server in globals.

`python -m tests.dx.errands NAME '{"argument": …}'` prints what the errand returns as one JSON line.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any


def send(path: str, project: str) -> dict[str, Any]:
    """Upload a file in parts of 5 MiB; its id, and what describe says of state and parts."""
    import dxpy

    sent = dxpy.upload_local_file(path, project=project, write_buffer_size=5 * 1024**2, wait_on_close=True)
    told = dxpy.api.file_describe(sent.get_id(), {"fields": {"state": True, "parts": True, "size": True}})
    return {"id": sent.get_id(), **told}


def fetch(own: str, project: str, path: str) -> str:
    """Download a file, which dxpy checks part by part; the MD5 of what came."""
    import dxpy

    dxpy.download_dxfile(own, path, project=project)
    return hashlib.md5(Path(path).read_bytes()).hexdigest()


def read_a_piece(own: str, project: str, start: int, length: int) -> str:
    """Some bytes from the middle of a file, in hex."""
    import dxpy

    with dxpy.open_dxfile(own, project=project, mode="rb") as file:
        file.seek(start)
        return bytes(file.read(length)).hex()


def search(project: str, first_page: int, **filters: Any) -> list[str]:
    """The ids that find_data_objects yields over all its pages."""
    import dxpy

    return [found["id"] for found in dxpy.find_data_objects(project=project, first_page_size=first_page, **filters)]


def jobs(project: str, first_page: int, **filters: Any) -> list[str]:
    """The ids that find_jobs yields over all its pages."""
    import dxpy

    return [found["id"] for found in dxpy.find_jobs(project=project, first_page_size=first_page, **filters)]


def describe_job(own: str) -> dict[str, Any]:
    """What a handler of dxpy says of a job, with the links of its input and output unpacked."""
    import dxpy

    told = dxpy.DXJob(own).describe()
    taken = [dxpy.get_dxlink_ids(each) for each in told["input"]["reads"]]
    return {"name": told["name"], "state": told["state"], "taken": taken, "made": told["output"]["bam"]}


def describe_many(ids: list[str]) -> list[dict[str, Any]]:
    """What dxpy.describe says of many objects in one call."""
    import dxpy

    found: list[dict[str, Any]] = dxpy.describe(ids)
    return found


def resolve(project: str, names: list[str], folder: str) -> list[list[str]]:
    """The ids behind some names of a folder."""
    import dxpy

    wanted = [{"name": name, "folder": folder} for name in names]
    return [[one["id"] for one in found] for found in dxpy.resolve_data_objects(wanted, project=project)]


def clone_and_remove(source: str, target: str, own: str) -> list[Any]:
    """Clone a file twice, list who holds it, and take it out again."""
    import dxpy

    first = dxpy.DXProject(source).clone(target, objects=[own], destination="/")
    again = dxpy.DXProject(source).clone(target, objects=[own], destination="/")
    held = dxpy.DXFile(own).list_projects()
    dxpy.DXProject(target).remove_objects([own])
    return [first["exists"], again["exists"], sorted(held), sorted(dxpy.DXFile(own).list_projects())]


def archive_and_price(project: str, files: list[str]) -> dict[str, Any]:
    """Archive files by id, then ask without asking what their return would cost."""
    import dxpy

    return {
        "archived": dxpy.api.project_archive(project, {"files": files}),
        "priced": dxpy.api.project_unarchive(project, {"files": files, "rate": "Bulk", "dryRun": True}),
    }


def price(project: str, folder: str, rate: str) -> Any:
    """What bringing a folder back at a rate would cost."""
    import dxpy

    return dxpy.api.project_unarchive(project, {"folder": folder, "rate": rate, "dryRun": True})


def refusal(route: str, wish: dict[str, Any]) -> list[Any]:
    """The class, code and words of the exception that a call raises."""
    import dxpy

    try:
        dxpy.DXHTTPRequest(f"/{route}", wish, max_retries=0)
    except dxpy.exceptions.DXAPIError as refused:
        return [type(refused).__name__, refused.code, refused.msg]
    raise AssertionError("nothing was refused")


def main() -> None:
    """Run one errand by name."""
    name, wish = sys.argv[1:]
    print(json.dumps(globals()[name](**json.loads(wish))))


if __name__ == "__main__":
    main()
