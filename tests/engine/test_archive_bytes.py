"""There and back: files go cold, come back at every rate of their cloud, and not a byte of them has changed."""

from __future__ import annotations

import hashlib
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from icehouse.core.errors import Cold
from icehouse.core.refs import Ref
from icehouse.core.restores import Tier
from icehouse.services.house import House
from icehouse.stores.base import Reads
from tests.dnanexus_standin import DxStandIn
from tests.engine.dxrooms import approve_archive, approve_restore, asked, files, open_dx
from tests.engine.rooms import outcomes, work

FOLDER = "/bytes/live"


@pytest.fixture
def dx() -> Iterator[DxStandIn]:
    """A sequencing core in which twenty hours pass in a second."""
    with DxStandIn("sequencing", speed=72000) as standin:
        yield standin


@pytest.fixture
def house(dx: DxStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    opened = open_dx(dx, tmp_path, monkeypatch)
    yield opened
    opened.close()


def by_a_plain_client(dx: DxStandIn, project: str, file: str) -> bytes:
    """The bytes as the platform hands them out, without anything of Icehouse."""
    told = dx.call(f"{file}/download", {"project": project, "preauthenticated": True, "duration": 604800})
    with urllib.request.urlopen(told["url"], timeout=30) as answer:
        return cast("bytes", answer.read())


def sums(dx: DxStandIn, project: str, file: str) -> list[tuple[int, str]]:
    """Size and MD5 of each part, as the platform has them."""
    told: dict[str, Any] = dx.call(f"{file}/describe", {"project": project, "fields": {"parts": True}})
    return [(part["size"], part["md5"]) for _, part in sorted(told["parts"].items(), key=lambda item: int(item[0]))]


@pytest.mark.parametrize(
    ("name", "tier"),
    [
        ("runs-2025", Tier.BULK),
        ("runs-2025", Tier.STANDARD),
        ("azure-cohort", Tier.STANDARD),
        ("azure-cohort", Tier.EXPEDITED),
    ],
)
def test_what_went_cold_comes_back_byte_by_byte(dx: DxStandIn, house: House, name: str, tier: Tier) -> None:
    project = dx.project(name)
    before = {file: by_a_plain_client(dx, project, file) for file in files(dx, name, FOLDER)}
    assert len(before) == 12
    gone = approve_archive(house, f"dx:{name}{FOLDER}/")
    work(house)
    assert outcomes(house, gone) == {"ok": 12}
    assert set(files(dx, name, FOLDER).values()) == {"archived"}
    store = cast("Reads", house.store("dx"))
    with pytest.raises(Cold):
        b"".join(store.open(Ref("dx", project, "any", next(iter(before)))))
    back = approve_restore(house, f"dx:{name}{FOLDER}/", tier=tier)
    work(house)
    assert outcomes(house, back) == {"ok": 12}
    assert {line["input"]["rate"] for line in dx.log(operation="project/unarchive")} == {tier.value.title()}
    assert set(asked(dx, "project/unarchive").values()) == {1}
    for file, content in before.items():
        assert by_a_plain_client(dx, project, file) == content
        assert b"".join(store.open(Ref("dx", project, "any", file))) == content
        start = 0
        for size, md5 in sums(dx, project, file):
            assert hashlib.md5(content[start : start + size]).hexdigest() == md5
            start += size
        assert start == len(content)
