"""What dx shows: who I am, projects, folders, trees, searches and descriptions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.dx.driving import Api, Dx

OWN = {"small", "small-copies", "mine", "azure-small", "unlicensed"}
SHARED = {"joint", "guarded"}
VIEWED = {"partner"}
DONE = {f"/incoming/done{number}.bam" for number in range(3)}


def test_whoami_names_the_user_of_the_token(dx: Dx) -> None:
    assert dx.ok("whoami").lines == ["owner"]
    assert dx.ok("whoami", "--id").lines == ["user-owner"]


def test_a_wrong_token_is_refused_with_the_servers_words(dx: Dx) -> None:
    dx.environment["DX_SECURITY_CONTEXT"] = json.dumps({"auth_token_type": "Bearer", "auth_token": "no such token"})
    assert "InvalidAuthentication" in dx.no("whoami").words


def test_find_projects_lists_what_may_be_changed_unless_a_level_is_named(dx: Dx, api: Api) -> None:
    wide = dx.ok("find", "projects", "--level", "VIEW").lines
    assert {line.split(" : ")[1].rsplit(" (", 1)[0] for line in wide} == OWN | SHARED | VIEWED
    assert f"{api.project('partner')} : partner (VIEW)" in wide
    assert f"{api.project('joint')} : joint (CONTRIBUTE)" in wide
    own = dx.ok("find", "projects", "--level", "ADMINISTER", "--json")
    assert {found["describe"]["name"] for found in json.loads(own.out)} == OWN


def test_find_projects_filters_by_name_tag_property_and_region(dx: Dx, api: Api) -> None:
    def found(*words: str) -> set[str]:
        return set(dx.ok("find", "projects", "--brief", *words).lines)

    assert found("--name", "small*") == {api.project("small"), api.project("small-copies")}
    assert found("--tag", "pilot", "--property", "assay=WES") == {api.project("small")}
    assert found("--region", "azure:westus") == {api.project("azure-small")}


def test_select_keeps_the_project_for_the_next_commands(dx: Dx) -> None:
    assert "Selected project small" in dx.ok("select", "small").words
    assert dx.ok("pwd").lines == ["small:/"]
    dx.ok("cd", "runs/2024")
    assert dx.ok("ls").lines == [f"sample{number}.fastq.gz" for number in range(5)]


def test_select_refuses_a_project_that_may_not_be_seen(dx: Dx) -> None:
    assert 'Could not find a project named "vault"' in dx.no("select", "vault").words


def test_ls_shows_folders_objects_and_the_ids_of_twins(dx: Dx, api: Api, small: str) -> None:
    assert dx.ok("ls", "small:/").lines == [
        "analysis/",
        "bytes/",
        "copies/",
        "empty/",
        "incoming/",
        "keep/",
        "runs/",
        "tools/",
        "twins/",
        "readme.txt",
    ]
    twins = dx.ok("ls", f"{small}:/twins").lines
    assert twins[0] == "lane1/lane2.txt"
    assert [line.split(" : ")[0] for line in twins[1:]] == ["twin.txt"] * 2
    assert dx.ok("ls", "--folders", "--full", "small:/runs").lines == ["/runs/2023", "/runs/2024", "/runs/2025"]
    assert "scratch.tmp" not in dx.ok("ls", "small:/analysis/work").out
    assert "scratch.tmp" in dx.ok("ls", "-a", "small:/analysis/work").out


def test_ls_l_tells_state_size_and_id(dx: Dx, api: Api, small: str) -> None:
    lines = dx.ok("ls", "-l", "small:/incoming").lines
    assert lines[:2] == [f"Project: small ({small})", "Folder : /incoming"]
    ids = api.ids(small, "/incoming")
    under_way = next(line for line in lines if "under-way.bam" in line)
    assert under_way.startswith("open")
    assert under_way.endswith(f"under-way.bam ({ids['/incoming/under-way.bam']})")
    done = next(line for line in lines if "done0.bam" in line)
    assert done.startswith("closed")
    assert "390.62 KB" in done


def test_ls_of_what_is_not_there_ends_with_a_word_and_code_3(dx: Dx) -> None:
    assert "Unable to resolve" in dx.no("ls", "small:/nowhere").words


def test_tree_draws_every_folder_and_object_below(dx: Dx) -> None:
    assert dx.ok("tree", "small:/analysis").lines == [
        "small:/analysis",
        "├── work",
        "│   └── sorted.bam",
        "├── cohort",
        "├── report.html",
        "└── variants.vcf.gz",
    ]
    long = dx.ok("tree", "-l", "small:/tools").out
    assert "count-reads (applet-" in long
    assert "call-variants (workflow-" in long


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["--class", "file", "--name", "*.bam", "--path", "small:/incoming"], DONE),
        (["--class", "applet"], {"/tools/count-reads"}),
        (["--class", "record", "--type", "Cohort"], {"/analysis/cohort"}),
        (["--tag", "final"], {"/analysis/report.html"}),
        (["--tag", "final", "--tag", "tool"], set()),
        (["--property", "sample=S1"], {"/analysis/report.html", "/analysis/variants.vcf.gz"}),
        (["--property", "sample=S1", "--property", "assay"], {"/analysis/report.html"}),
        (["--state", "open"], {"/incoming/under-way.bam"}),
        (["--visibility", "hidden"], {"/analysis/work/scratch.tmp"}),
        (["--name", "^sampl.[0-2]", "--name-mode", "regexp"], {f"/runs/2024/sample{n}.fastq.gz" for n in range(3)}),
        (["--path", "small:/runs", "--norecurse"], set()),
        (["--path", "small:/nowhere"], set()),
        (["--created-after=-3d"], DONE | {"/incoming/under-way.bam"}),
        (["--created-before=-750d"], {"/keep/reference.fa.gz"}),
    ],
    ids=lambda value: "_".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_find_data_keeps_to_its_filters(dx: Dx, small: str, words: list[str], found: set[str]) -> None:
    if "--state" not in words and "--created-after=-3d" not in words:
        words = [*words, "--state", "closed"]
    told = json.loads(dx.ok("find", "data", "--json", *words, project=small).out)
    paths = {f"{one['describe']['folder']}/{one['describe']['name']}" for one in told}
    assert paths == found
    assert {one["project"] for one in told} <= {small}


def test_find_data_in_all_projects_tells_each_copy_that_may_be_seen(dx: Dx, api: Api, small: str) -> None:
    own = api.file(small, "/copies/live-elsewhere.bin")
    lines = dx.ok("find", "data", "--all-projects", "--brief", "--name", "live-*.bin").lines
    unseen = api.file(small, "/copies/live-unseen.bin")
    assert set(lines) == {f"{small}:{own}", f"{api.project('small-copies')}:{own}", f"{small}:{unseen}"}


def _json(dx: Dx, *words: str) -> Any:
    return json.loads(dx.ok("describe", "--json", *words).out)


def test_describe_json_of_a_file_tells_its_archival_state_and_who_made_it(dx: Dx, api: Api, small: str) -> None:
    told = _json(dx, "small:/analysis/report.html")
    assert (told["project"], told["folder"], told["name"], told["size"]) == (small, "/analysis", "report.html", 5_000)
    assert told["archivalState"] == "live"
    assert told["createdBy"]["job"].startswith("job-")
    assert told["createdBy"]["executable"] == api.file(small, "/tools/count-reads")
    assert told["tags"] == ["final"]
    assert _json(dx, f"{small}:{told['id']}", "--details")["properties"] == {"sample": "S1", "assay": "WES"}
    assert _json(dx, "small:/runs/2024/sample2.fastq.gz")["archivalState"] == "archived"


def test_describe_of_a_project_tells_account_region_and_level(dx: Dx, small: str) -> None:
    told = _json(dx, "small:")
    assert (told["id"], told["billTo"], told["region"]) == (small, "org-genomics_core", "aws:us-east-1")
    assert told["level"] == "ADMINISTER"
    assert "Access level ADMINISTER" in dx.ok("describe", "small:").words


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/tools/count-reads", "Class applet"),
        ("/tools/call-variants", "Class workflow"),
        ("/analysis/cohort", "Types Cohort"),
    ],
)
def test_describe_shows_each_class_in_words(dx: Dx, path: str, words: str) -> None:
    assert words in dx.ok("describe", "--verbose", f"small:{path}").words


def test_a_symlink_is_known_by_its_drive_and_has_no_parts(dx: Dx, api: Api, small: str) -> None:
    told = json.loads(dx.ok("describe", "--json", "small:/keep/linked.bam").out)
    assert told["drive"].startswith("drive-")
    fields = {"parts": True, "md5": True, "drive": True, "symlinkTargetIdentifier": True}
    seen = api(f"{told['id']}/describe", project=small, defaultFields=True, fields=fields)
    assert "parts" not in seen
    assert seen["md5"]


def test_describe_of_users_and_orgs(dx: Dx) -> None:
    assert _json(dx, "user-owner")["handle"] == "owner"
    assert _json(dx, "org-genomics_core")["level"] == "MEMBER"


def test_what_may_not_be_seen_is_not_found(dx: Dx, admin: Api) -> None:
    vault = admin.project("vault")
    unseen = admin.file(vault, "/live-unseen.bin")
    assert "ResourceNotFound" in dx.no("ls", f"{vault}:/").words
    dx.no("describe", vault)
    assert dx.ok("describe", "--json", f"{vault}:{unseen}").out.count(vault) == 0
