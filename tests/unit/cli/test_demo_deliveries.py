"""Where the demo looks for deliveries: a config that can be read, over places that its sample data have."""

from __future__ import annotations

from icehouse.cli.demo_deliveries import BUCKET, LOGS, PROJECT, demo_deliveries
from icehouse.cli.embedded import DEFAULTS, FIXTURES
from icehouse.settings.config import load_config
from icehouse.sim.dnanexus.fixtures import deliveries as on_dx
from icehouse.sim.s3.fixtures import deliveries as on_s3

STORES = '[stores.lab-s3]\nkind = "s3"\n\n[stores.dx]\nkind = "dnanexus"\n'


def test_the_demo_looks_for_deliveries_on_both_systems_and_reads_all_their_records(tmp_path):
    config = tmp_path / "config.toml"
    config.write_text(STORES + demo_deliveries("lab-s3", ["a", BUCKET], "dx", [PROJECT, "b"]))
    sources = load_config(config).deliveries
    assert [source.label for source in sources] == [
        "lab-s3:instruments/outbox/", "lab-s3:instruments/manifested/",
        "dx:instrument-deliveries/outbox/", "dx:instrument-deliveries/manifested/",
    ]  # fmt: skip
    assert {spec.kind for source in sources for spec in source.evidence} == {
        "access-logs",
        "cloudtrail",
        "list-projects",
    }
    assert [source.manifest for source in sources] == ["", "delivery.json"] * 2


def test_what_the_sample_data_lack_is_not_looked_for():
    assert demo_deliveries("lab-s3", ["a"], "dx", ["b"]) == ""
    assert "dx" not in demo_deliveries("lab-s3", [BUCKET], "dx", [])


def test_the_places_are_those_of_the_sample_data():
    assert [planting.bucket for planting in on_s3.plant()][:2] == [BUCKET, LOGS]
    assert on_dx.PROJECT == PROJECT
    assert all("deliveries" in names for names in (*DEFAULTS.values(), *FIXTURES.values()))
