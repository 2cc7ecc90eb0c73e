"""dxpy itself against the stand-in: parts, pages, clones, archive calls and typed refusals."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.dnanexus_standin import DxStandIn
from tests.dx.driving import Api, run_errand

MIB = 1024**2

Errand = Callable[..., Any]


@pytest.fixture
def errand(stand: DxStandIn, tmp_path: Path) -> Errand:
    """Runs an errand of dxpy as the owner and returns what it found."""
    return partial(run_errand, stand, tmp_path)


def test_a_file_of_several_parts_comes_back_byte_for_byte(errand: Errand, place: str, tmp_path: Path) -> None:
    body = random.Random(2).randbytes(11 * MIB + 17)
    (tmp_path / "sent.bin").write_bytes(body)
    sent = errand("send", path=str(tmp_path / "sent.bin"), project=place)
    assert (sent["state"], sent["size"]) == ("closed", len(body))
    cuts = [body[at : at + 5 * MIB] for at in range(0, len(body), 5 * MIB)]
    parts = [sent["parts"][str(number)] for number in range(1, len(cuts) + 1)]
    assert [(part["size"], part["md5"]) for part in parts] == [(len(cut), hashlib.md5(cut).hexdigest()) for cut in cuts]
    fetched = errand("fetch", own=sent["id"], project=place, path=str(tmp_path / "back.bin"))
    assert fetched == hashlib.md5(body).hexdigest()
    piece = errand("read_a_piece", own=sent["id"], project=place, start=5 * MIB - 8, length=16)
    assert bytes.fromhex(piece) == body[5 * MIB - 8 : 5 * MIB + 8]


def test_find_data_objects_pages_through_everything_once(
    errand: Errand, stand: DxStandIn, api: Api, small: str
) -> None:
    before = stand.last_seq()
    found = errand("search", project=small, first_page=7, visibility="either")
    calls = len(stand.log(since=before, operation="system/findDataObjects"))
    assert len(found) == len(set(found)) == stand.state(small)["objects"]
    assert calls == 4  # 7, 14, 28 and the rest
    cold = errand("search", project=small, first_page=1000, classname="file", folder="/", archival_state="archived")
    assert len(cold) == sum(state == "archived" for state in api.states(small).values())


def test_a_search_by_archival_state_without_a_folder_is_refused(errand: Errand, small: str) -> None:
    wish = {"class": "file", "archivalState": "archived", "scope": {"project": small}}
    assert errand("refusal", route="system/findDataObjects", wish=wish)[:2] == ["InvalidInput", 422]


def test_many_objects_are_described_and_resolved_in_one_call(
    errand: Errand, stand: DxStandIn, api: Api, small: str
) -> None:
    ids = list(api.ids(small, "/runs/2024").values())
    before = stand.last_seq()
    assert [told["id"] for told in errand("describe_many", ids=ids)] == ids
    assert len(stand.log(since=before, operation="system/describeDataObjects")) == 1
    names = ["sample0.fastq.gz", "nothing", "sample3.fastq.gz"]
    found = errand("resolve", project=small, names=names, folder="/runs/2024")
    own = api.ids(small, "/runs/2024")
    assert found == [[own["/runs/2024/sample0.fastq.gz"]], [], [own["/runs/2024/sample3.fastq.gz"]]]


def test_a_clone_is_the_same_object_and_goes_alone(errand: Errand, api: Api, place: str, small: str) -> None:
    own = api.file(small, "/readme.txt")
    first, again, held, left = errand("clone_and_remove", source=small, target=place, own=own)
    assert (first, again) == ([], [own])
    assert set(held) >= {small, place}
    assert set(left) == set(held) - {place}


def test_archive_counts_files_and_the_dry_run_prices_their_return(
    errand: Errand, stand: DxStandIn, api: Api, place: str
) -> None:
    ids = list(api.ids(place, "/bytes").values())
    told = errand("archive_and_price", project=place, files=ids)
    assert told["archived"] == {"id": place, "count": 3}
    assert told["priced"]["files"] == 3
    assert set(api.states(place).values()) == {"archival"}


def test_the_dry_run_tells_files_size_and_millidollars_and_asks_nothing(errand: Errand, api: Api, small: str) -> None:
    standard = errand("price", project=small, folder="/runs/2023", rate="Standard")
    bulk = errand("price", project=small, folder="/runs/2023", rate="Bulk")
    assert set(standard) == {"id", "files", "size", "cost"}
    assert standard["files"] == bulk["files"] == 8
    assert standard["cost"] > bulk["cost"] > 0
    assert set(api.states(small, "/runs/2023").values()) == {"archived"}


def test_refusals_are_dxpys_own_classes(errand: Errand, api: Api, admin: Api, small: str) -> None:
    vault = admin.project("vault")
    cold = api.file(small, "/runs/2023/old0.fastq.gz")
    assert errand("refusal", route=f"{vault}/describe", wish={})[:2] == ["ResourceNotFound", 404]
    assert errand("refusal", route=f"{cold}/download", wish={"project": small})[:2] == ["InvalidState", 422]
    partner = api.project("partner")
    assert errand("refusal", route=f"{partner}/update", wish={"name": "x"})[:2] == ["PermissionDenied", 401]
    both = {"files": [cold], "folder": "/"}
    assert errand("refusal", route=f"{small}/archive", wish=both)[:2] == ["InvalidInput", 422]
    many = {"files": [cold] * 1001}
    assert errand("refusal", route=f"{small}/unarchive", wish=many)[:2] == ["InvalidInput", 422]


def test_a_nonce_makes_one_file_of_two_calls(api: Api, place: str) -> None:
    wish = {"project": place, "name": "once.txt", "nonce": "n-1"}
    assert api("file/new", **wish) == api("file/new", **wish)
    assert "/once.txt" in api.ids(place)
