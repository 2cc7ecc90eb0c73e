"""A house over a running DNAnexus stand-in, and what its files are, told by the stand-in itself."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from icehouse.core.archives import ArchiveWish
from icehouse.core.marks import Mark
from icehouse.core.plans import Plan
from icehouse.core.restores import RestoreWish, Tier
from icehouse.services import archive, look, restore
from icehouse.services.house import House, open_house
from icehouse.stores.dnanexus import wire
from tests.dnanexus_standin import DxStandIn
from tests.engine.rooms import nobody


def open_dx(
    dx: DxStandIn,
    folder: Path,
    monkey: object,
    *,
    who: str = "owner",
    max_per_second: float = 1000.0,
    **options: object,
) -> House:
    """A house with store `dx` at the stand-in as somebody, its state in `folder`; the token in the environment."""
    monkey.setenv("ICEHOUSE_TEST_DX_TOKEN", dx.tokens[who])  # type: ignore[attr-defined]
    monkey.setenv("DX_USER_CONF_DIR", str(folder / "dx"))  # type: ignore[attr-defined]
    # How soon a server that hangs is given up is not tested here, and a busy machine may be slower than that.
    monkey.setattr(wire, "_FIRST_CONTACT", 60.0)  # type: ignore[attr-defined]
    values = {
        "kind": '"dnanexus"',
        "protocol": '"http"',
        "host": f'"{dx.host}"',
        "port": dx.port,
        "token_env": '"ICEHOUSE_TEST_DX_TOKEN"',
        "max_per_second": max_per_second,
        "connect_timeout": 30,
        "read_timeout": 60,
        **options,
    }
    config = folder / "config.toml"
    config.write_text("\n".join(["[stores.dx]", *(f"{key} = {value}" for key, value in values.items())]) + "\n")
    return open_house(str(config), str(folder / "state"))


def chosen(house: House, *addresses: str) -> list[Mark]:
    """The marks that a user means by these addresses."""
    return [Mark(look.resolve(house, house.address(address))) for address in addresses]


def plan_archive(house: House, *addresses: str, all_copies: bool = False) -> Plan:
    """Everything below these addresses, planned to be archived."""
    found = archive.survey(house, chosen(house, *addresses))
    return archive.freeze(house, found, archive.look_up(house, found), ArchiveWish(all_copies))


def approve_archive(house: House, *addresses: str, all_copies: bool = False) -> str:
    """Plan and approve without starting a worker; returns the job's id."""
    return restore.approve(house, plan_archive(house, *addresses, all_copies=all_copies), how="test", start=nobody)


def approve_restore(house: House, *addresses: str, tier: Tier = Tier.STANDARD) -> str:
    """Plan and approve a restore without starting a worker; returns the job's id."""
    found = restore.survey(house, chosen(house, *addresses))
    plan = restore.freeze(house, found, RestoreWish(tier, 0))
    return restore.approve(house, plan, how="test", start=nobody)


def files(dx: DxStandIn, project: str, folder: str = "/") -> dict[str, str]:
    """Every file below a folder by its id, with its archival state in that project, as the API tells."""
    found = dx.find(
        **{"class": "file"},
        visibility="either",
        state="any",
        scope={"project": project if project in dx.projects else dx.project(project), "folder": folder},
        describe={"fields": {"archivalState": True}},
        limit=1000,
    )
    return {each["id"]: each["describe"]["archivalState"] for each in found}


def asked(dx: DxStandIn, operation: str) -> Counter[str]:
    """How often each file was named in a call that took effect, also where its reply was lost."""
    named: Counter[str] = Counter()
    for line in dx.log(operation=operation):
        told = line["input"]
        if 200 in (line["status"], line.get("would_be")) and not told.get("dryRun"):
            named.update(told["files"])
    return named
