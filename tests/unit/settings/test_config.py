"""The config: what it takes, and the one line that it answers to a mistake."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from icehouse.core.errors import ConfigError
from icehouse.core.restores import Tier
from icehouse.settings.config import EXAMPLE, THEMES, load_config
from icehouse.settings.stores import S3Config


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(text)
    return path


def complaint(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(written(tmp_path, text))
    line = str(caught.value)
    assert line.startswith(str(tmp_path / "config.toml"))
    assert "\n" not in line
    assert caught.value.exit_code == 2
    return line.removeprefix(f"{tmp_path / 'config.toml'}: ")


def test_the_example_that_the_missing_file_proposes_is_a_good_config(tmp_path: Path) -> None:
    store = load_config(written(tmp_path, EXAMPLE)).stores["lab-s3"]
    assert isinstance(store, S3Config)
    assert (store.name, store.kind, store.profile, store.region) == ("lab-s3", "s3", "lab", "us-east-1")
    assert (store.parallel, store.requester_pays, store.endpoint_url) == (16, False, None)


def test_every_key_of_a_store_is_read(tmp_path: Path) -> None:
    text = (
        '[stores.a]\nkind="s3"\nprofile="p"\nregion="r"\nendpoint_url="https://h:1"\nrequester_pays=true\n'
        'expected_owner="012345678901"\npath_style=true\nparallel=4\nmax_per_second=2.5\nconnect_timeout=3\n'
        "read_timeout=9\nallow_http=true\nprocesses=3\n"
    )
    options = load_config(written(tmp_path, text)).stores["a"].options()
    assert options == {
        "profile": "p", "region": "r", "endpoint_url": "https://h:1", "requester_pays": True,
        "expected_owner": "012345678901", "path_style": True, "parallel": 4, "max_per_second": 2.5,
        "connect_timeout": 3.0, "read_timeout": 9.0, "allow_http": True, "processes": 3,
    }  # fmt: skip


def test_a_missing_file_says_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no such file; write one \(\[stores\.lab-s3\], kind = \"s3\""):
        load_config(tmp_path / "config.toml")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[store.lab]", "store: no such table; did you mean stores?"),
        ('[stores.lab]\nkind="s3"\nprfile="x"', "[stores.lab] prfile: no such key; did you mean profile?"),
        ('[stores.lab]\nkind="s4"', "[stores.lab] kind: 's4' is not known; there is s3, dnanexus"),
        ('[stores.lab]\nregion="x"', '[stores.lab] kind: the kind is missing: write kind = "s3" or kind = "dnanexus"'),
        ('[stores.lab]\nkind="s3"\nparallel="9"', "[stores.lab] parallel: expected a whole number, not a text"),
        ('[stores.lab]\nkind="s3"\nparallel=99', "[stores.lab] parallel: expected a whole number of at most 64"),
        ('[stores.lab]\nkind="s3"\nparallel=1.5', "[stores.lab] parallel: expected a whole number, not a fraction"),
        ('[stores.lab]\nkind="s3"\nmax_per_second=0', "[stores.lab] max_per_second: expected a number above 0"),
        ('[stores.lab]\nkind="s3"\nprofile=3', "[stores.lab] profile: expected a text, not a whole number"),
        ('[stores.lab]\nkind="s3"\nexpected_owner="12"', "[stores.lab] expected_owner: expected 12 digits, as a text"),
        ('[stores.lab]\nkind="s3"\nname="x"', "[stores.lab] name: the name stands in the table's heading"),
        ("stores=1", "stores: this is a table: write [stores]"),
        ("[stores]\nlab=1", "[stores.lab] a store is a table: write [stores.NAME] with kind = …"),
        ("[console]\nasci=true", "[console] asci: no such key; did you mean ascii?"),
        ("[prices]\nas_of=3", "[prices] as_of: expected a date, as in 2026-10-03"),
        ("[prices]\nlist_1000=-1", "[prices] list_1000: a price is 0 or more, not -1.0"),
        ("[prices]\nlist_1000=nan", "[prices] list_1000: a price is 0 or more, not nan"),
        ("[prices]\nlist_1000=true", "[prices] list_1000: expected a number of US dollars"),
        (
            '[prices]\n"DEEP_ARCHIVE.bulk.per_gb"=1',
            "[prices] DEEP_ARCHIVE.bulk.per_gb: no such price; did you mean DEEP_ARCHIVE.bulk.per_gib?",
        ),
    ],
)
def test_a_mistake_is_named_by_table_and_key_with_the_nearest_known_name(tmp_path: Path, text: str, line: str) -> None:
    assert complaint(tmp_path, text) == line


@pytest.mark.parametrize("name", ["Lab", "-lab", "lab_s3", '"lab:s3"', '"a/b"', '""'])
def test_a_store_name_that_an_address_could_not_hold_is_refused(tmp_path: Path, name: str) -> None:
    assert "a store's name is made of a-z" in complaint(tmp_path, f'[stores.{name}]\nkind="s3"')


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://AKIAX:secret@h", "credentials don't belong into the config"),
        ("ftp://h", "not an address"),
        ("h:9000", "not an address"),
        ("https://h:port", "not an address"),
        ("http://s3.example.org", "sends data in the clear"),
    ],
)
def test_an_endpoint_that_is_no_plain_address_is_refused_without_repeating_it(
    tmp_path: Path, url: str, why: str
) -> None:
    line = complaint(tmp_path, f'[stores.lab]\nkind="s3"\nendpoint_url="{url}"')
    assert line.startswith("[stores.lab] endpoint_url: ")
    assert why in line
    assert "secret" not in line


def test_loopback_may_be_asked_without_tls(tmp_path: Path) -> None:
    for host in ("127.0.0.1:9000", "localhost:1", "[::1]:2"):
        load_config(written(tmp_path, f'[stores.lab]\nkind="s3"\nendpoint_url="http://{host}"'))


def test_what_is_not_toml_says_where(tmp_path: Path) -> None:
    assert "line 2" in complaint(tmp_path, "[stores.lab]\nkind = \n[a]")


def test_a_hostile_config_can_not_move_the_terminal(tmp_path: Path) -> None:
    assert "\x1b" not in complaint(tmp_path, '"a\\u001b[2Jb" = 1')


def test_the_price_of_storing_is_overridden_by_class(tmp_path: Path) -> None:
    for text in ("[prices]\nstorage.archived = 0.002", "[prices.storage]\narchived = 0.002"):
        assert load_config(written(tmp_path, text)).prices.storage["archived"] == 0.002
    assert complaint(tmp_path, "[prices]\nstorage.GLACIR = 1") == (
        "[prices] storage.GLACIR: no such price; did you mean storage.GLACIER?"
    )


def test_prices_are_overridden_with_quoted_and_with_dotted_keys(tmp_path: Path) -> None:
    for key in ('"DEEP_ARCHIVE.bulk.per_gib"', "DEEP_ARCHIVE.bulk.per_gib"):
        text = f'[prices]\nregion="eu-west-1"\nas_of=2026-11-01\n{key} = 0.003\ncopy_gib_month = 0\n'
        prices = load_config(written(tmp_path, text)).prices
        assert prices.restores[("DEEP_ARCHIVE", Tier.BULK)].per_gib == 0.003
        assert prices.restores[("DEEP_ARCHIVE", Tier.BULK)].per_1000 == 0.025
        assert (prices.copy_gib_month, prices.as_of, prices.label) == (0, date(2026, 11, 1), "eu-west-1 of 2026-11-01")


def test_s3_stores_are_known_for_addresses_that_say_s3(tmp_path: Path) -> None:
    assert load_config(written(tmp_path, '[stores.a]\nkind="s3"\n[stores.b]\nkind="s3"')).s3_stores == ("a", "b")


def test_a_theme_that_there_is_not_is_refused_by_naming_those_that_there_are(tmp_path: Path) -> None:
    line = complaint(tmp_path, '[console]\ntheme="gloom"')
    assert line == f"[console] theme: 'gloom' is not known; there is {', '.join(THEMES)}"
    for theme in ("", *THEMES):
        assert load_config(written(tmp_path, f'[console]\ntheme="{theme}"')).console.theme == theme


def test_the_themes_of_a_config_are_those_of_the_console() -> None:
    from textual.theme import BUILTIN_THEMES

    from icehouse.tui.themes import TERMINAL

    assert set(THEMES) == {TERMINAL.name, *BUILTIN_THEMES}
