"""Names of containers: shown beside the identity, and never in the place of another one."""

from __future__ import annotations

from pathlib import Path

from icehouse.catalogue.summary import Summary
from icehouse.cli.foretold import look_up_cost
from icehouse.cli.names import called, names_of, some
from icehouse.cli.session import Session


def test_a_name_that_is_not_one_containers_alone_or_looks_like_an_id_or_path_names_none(
    config: Path, state: Path
) -> None:
    names = {"p1": "runs", "p2": "twin", "p3": "twin", "p4": "project-B0", "p5": "a/b", "p6": "a:b", "p7": "n" * 61}
    config.write_text(config.read_text() + '[stores.dx]\nkind = "dnanexus"\n')
    session = Session(lambda house, screen: 1, str(config), str(state))
    Summary(session.house.paths.catalogue).note_titles("dx", names)
    assert names_of(session) == {("dx", "p1"): "runs"}


def test_a_plan_tells_names_with_their_identities_beside_them() -> None:
    names = {("dx", "project-1"): "runs"}
    assert called("dx:project-1/a/", names) == "dx:runs/a/"
    assert called("lab-s3:project-1/a/", names) == "lab-s3:project-1/a/"
    told = some([f"dx:project-{number}/" for number in (1, 2, 3, 4)], names)
    assert told == "dx:runs/ (project-1), dx:project-2/, dx:project-3/ …"


def test_what_looking_copies_up_costs_is_told_in_calls_and_in_time_where_it_is_long() -> None:
    told = "looking up copies elsewhere: 900 calls, one for each object"
    assert look_up_cost(900, sampling=None, per_second=50) == told
    long = look_up_cost(300_000, sampling=None, per_second=50)
    assert long.endswith(
        "300,000 calls, one for each object, about 100 min at 50 a second; --sample 200 is a quick answer"
    )
    assert look_up_cost(900, sampling=50, per_second=50).endswith("a sample of 50 calls; all of them are 900")
