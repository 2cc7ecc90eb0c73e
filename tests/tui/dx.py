"""A DNAnexus stand-in and a place to look at it from, alone or beside S3."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.dnanexus_standin import DxStandIn
from tests.standin import StandIn
from tests.tui.house import Place, end_workers


class DxPlace(Place):
    """A console's place with a store `dx`, logged in as `who`, and `lab-s3` where there is an S3 stand-in as well."""

    def __init__(self, folder: Path, dx: DxStandIn, s3: StandIn | None, *, who: str, more: str) -> None:
        self.config, self.state, self.conf = folder / "config.toml", folder / "state", folder / "dx"
        self.dx, self.who = dx, who
        told = f'[stores.dx]\nkind = "dnanexus"\nhost = "{dx.host}"\nport = {dx.port}\nprotocol = "http"\n{more}\n'
        self._s3 = s3
        if s3 is not None:
            told = f'[stores.lab-s3]\nkind = "s3"\nregion = "{s3.region}"\nendpoint_url = "{s3.endpoint}"\n\n{told}'
        self.config.write_text(told)

    def environment(self) -> dict[str, str]:
        """The environment for our processes."""
        s3 = self._s3.environment() if self._s3 is not None else {}
        ours = {"ICEHOUSE_CONFIG": str(self.config), "ICEHOUSE_STATE": str(self.state)}
        return {**s3, **self.dx.environment(self.who, conf=self.conf), **ours}

    def scan_project(self, name: str) -> None:
        """Scan the project of that name."""
        done = self.command("scan", f"dx:{self.dx.project(name)}/", "--json")
        assert done.returncode == 0, done.stderr


@contextmanager
def dx_place(
    folder: Path, *fixtures: str, who: str = "owner", speed: float | None = None, more: str = "", s3: str = ""
) -> Iterator[DxPlace]:
    """A stand-in with these fixtures and a place to look at it from; workers are stopped at the end."""
    with ExitStack() as stack:
        dx = stack.enter_context(DxStandIn(*fixtures, speed=speed))
        beside = stack.enter_context(StandIn(s3, speed=speed)) if s3 else None
        here = DxPlace(folder, dx, beside, who=who, more=more)
        try:
            yield here
        finally:
            if here.state.exists():
                (here.state / "STOP").touch()
            end_workers(here, "dx", "lab-s3")
