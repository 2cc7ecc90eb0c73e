"""One stand-in with its inventories, and one house that reads them, for each of these modules."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from icehouse.services.house import House, open_house
from tests.e2e.inventories.reading import FEW
from tests.e2e.inventories.spoiling import TARGET
from tests.standin import StandIn


@pytest.fixture(scope="module")
def s3() -> Iterator[StandIn]:
    with StandIn("hostile") as standin:
        standin.freeze()
        client = standin.boto3_client()
        client.create_bucket(Bucket=TARGET)
        client.create_bucket(Bucket="versioned")
        client.create_bucket(Bucket=FEW)
        for number in range(12):
            client.put_object(Bucket=FEW, Key=f"{number % 3}/a b{number}", Body=b"x" * number)
        standin.bucket("versioned", versioning="Enabled")
        yield standin


@pytest.fixture(scope="module")
def environment(s3: StandIn, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("house")
    config = folder / "config.toml"
    config.write_text(f'[stores.lab-s3]\nkind = "s3"\nregion = "{s3.region}"\nendpoint_url = "{s3.endpoint}"\n')
    return {**s3.environment(), "ICEHOUSE_CONFIG": str(config), "ICEHOUSE_STATE": str(folder / "state")}


@pytest.fixture(scope="module")
def house(environment: dict[str, str]) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        made = open_house()
        yield made
        made.close()
