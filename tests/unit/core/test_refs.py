"""Addresses and identities."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icehouse.core.errors import UsageError
from icehouse.core.refs import Address, FolderRef, Ref, parse_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("lab-s3:bucket/a/b/", Address("lab-s3", "bucket", "a/b/")),
        ("lab-s3:bucket", Address("lab-s3", "bucket", "")),
        ("lab-s3:", Address("lab-s3", "", "")),
        ("lab-s3:bucket//a", Address("lab-s3", "bucket", "/a")),
        ("lab-s3:bucket/a/../b", Address("lab-s3", "bucket", "a/../b")),
        ("dx:project-xxxx/folder", Address("dx", "project-xxxx", "folder")),
        ("lab-s3:bucket/with:colon", Address("lab-s3", "bucket", "with:colon")),
        ("s3://bucket/key", Address("only", "bucket", "key")),
    ],
)
def test_an_address_is_taken_to_the_letter(text: str, address: Address) -> None:
    assert parse_address(text, s3_stores=("only",)) == address


@pytest.mark.parametrize("text", ["", "bucket/key", ":bucket", "a/b:c", "lab-s3:/key"])
def test_what_is_no_address_gets_one_line(text: str) -> None:
    with pytest.raises(UsageError):
        parse_address(text)


@pytest.mark.parametrize("stores", [(), ("one", "two")])
def test_s3_urls_need_exactly_one_s3_store(stores: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="exactly one"):
        parse_address("s3://bucket/key", s3_stores=stores)


def test_plate1_never_takes_plate10() -> None:
    folder = FolderRef("s", "c", "images/plate1/")
    assert folder.holds(Ref("s", "c", "images/plate1/a.tiff"))
    assert not folder.holds(Ref("s", "c", "images/plate10/a.tiff"))
    assert not folder.holds(Ref("s", "other", "images/plate1/a.tiff"))
    with pytest.raises(ValueError, match="ends in"):
        FolderRef("s", "c", "images/plate1")


@given(st.text(min_size=1).filter(lambda s: "/" not in s), st.text())
def test_every_path_survives_being_an_address(container: str, path: str) -> None:
    address = Address("store", container, path)
    assert parse_address(str(address)) == address
