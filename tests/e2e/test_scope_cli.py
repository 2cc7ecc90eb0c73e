"""The commands about scopes, run as commands against the stand-ins: edits, checks, comparisons, and wrong files."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.dnanexus_standin import DxStandIn
from tests.standin import StandIn

SECONDS = 60.0
RUN1, RUN2 = (15, 544_029), (15, 544_040)
"""Objects and bytes of the two folders of the bucket `small`, as its description lists them."""


@pytest.fixture(scope="module")
def s3() -> Iterator[StandIn]:
    with StandIn("small") as standin:
        standin.freeze()
        yield standin


@pytest.fixture(scope="module")
def dx() -> Iterator[DxStandIn]:
    with DxStandIn("sequencing") as standin:
        standin.freeze()
        yield standin


class Lab:
    def __init__(self, s3: StandIn, folder: Path, dx: DxStandIn | None = None) -> None:
        self.folder, self.scopes = folder, folder / "scopes"
        config = folder / "config.toml"
        text = f'[stores.lab-s3]\nkind = "s3"\nregion = "{s3.region}"\nendpoint_url = "{s3.endpoint}"\n'
        self.environment = {
            **{name: value for name, value in s3.environment().items() if not name.startswith("DX_")},
            "ICEHOUSE_CONFIG": str(config), "ICEHOUSE_STATE": str(folder / "state"),
        }  # fmt: skip
        if dx is not None:
            text += (
                f'[stores.dx]\nkind = "dnanexus"\nhost = "{dx.host}"\nport = {dx.port}\nprotocol = "http"\n'
                'token_env = "LAB_TOKEN"\n'
            )
            self.environment["LAB_TOKEN"] = dx.tokens["owner"]
        config.write_text(text)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "icehouse", *words]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=SECONDS)

    def good(self, *words: str) -> str:
        done = self.run(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def lines(self, *words: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.good(*words, "--json").splitlines()]

    def sums(self, *words: str) -> list[tuple[str, int, int]]:
        return [(line["verdict"], line["objects"], line["bytes"]) for line in self.lines(*words)]

    def wrong(self, code: int, *words: str) -> str:
        """The one line that a command ends with."""
        done = self.run(*words)
        assert done.returncode == code, done.stdout + done.stderr
        assert done.stdout == ""
        (line,) = done.stderr.splitlines()
        return line.removeprefix("icehouse: ")


@pytest.fixture(scope="module")
def scanned(s3: StandIn, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    made = Lab(s3, tmp_path_factory.mktemp("scanned"))
    made.good("scan", "lab-s3:small/")
    made.good("scope", "new", "core", "lab-s3:small", "--no-presets")
    return made


@pytest.fixture
def lab(s3: StandIn, scanned: Lab, tmp_path: Path) -> Lab:
    shutil.copytree(scanned.folder, tmp_path, dirs_exist_ok=True)
    return Lab(s3, tmp_path)


def mark(lab: Lab, address: str, verdict: str, *more: str) -> list[dict[str, Any]]:
    return lab.lines("scope", "mark", "core", f"lab-s3:small/{address}", f"--{verdict}", "--reason", "by hand", *more)


def test_marks_decide_and_survive_a_rescan_a_restart_and_the_renaming_of_the_file(lab: Lab) -> None:
    mark(lab, "run1/", "keep")
    told = mark(lab, "run2/sample01.fastq.gz", "skip")
    expected = [("skip", 1, 1_099), ("keep", *RUN1), ("undecided", 14, RUN2[1] - 1_099)]
    assert [(line["verdict"], line["objects"], line["bytes"]) for line in told] == expected
    assert [line["reason"] for line in told] == ["by hand", "by hand", None]
    lab.good("scan", "lab-s3:small/", "--fresh")
    assert lab.sums("scope", "apply", "core") == expected
    (lab.scopes / "core.toml").rename(lab.scopes / "kept in git.toml")
    assert lab.sums("scope", "apply", "core") == expected
    assert lab.sums("scope", "show", "core") == expected


def test_a_rule_that_moves_changes_what_it_decides_and_undo_takes_it_back(lab: Lab) -> None:
    mark(lab, "run1/", "keep")
    mark(lab, "run1/sample01.fastq.gz", "skip")
    assert lab.sums("scope", "show", "core")[:2] == [("skip", 1, 1_098), ("keep", 14, RUN1[1] - 1_098)]
    assert lab.sums("scope", "move", "core", "1", "2")[:2] == [("keep", *RUN1), ("skip", 0, 0)]
    problem = lab.lines("scope", "show", "core")[1]["problem"]
    assert problem == "rule 1 takes all that this one could match, and says keep"
    assert lab.sums("scope", "undo", "core")[:2] == [("skip", 1, 1_098), ("keep", 14, RUN1[1] - 1_098)]
    assert lab.sums("scope", "remove", "core", "1")[0] == ("keep", *RUN1)


def test_comments_and_order_of_the_author_stay_where_marks_come_in(lab: Lab) -> None:
    path = lab.scopes / "core.toml"
    text = (
        '# for the steering group\nname = "core"  # as everybody says\ncovers = ["lab-s3:small"]\n\n'
        '# agreed 2 March\n[[rule]]\nreason = "runs"   # all of them\nverdict = "keep"\n'
        'folder = "run1/"\n# until 2030\n'
    )
    path.write_text(text)
    mark(lab, "run2/", "skip", "--at", "1")
    after = path.read_text()
    assert after != text
    head, rule = text.split("# agreed")
    assert after.startswith(head)
    assert after.endswith(f"# agreed{rule}")


def test_only_what_matches_below_a_folder_is_marked(lab: Lab) -> None:
    told = mark(lab, "", "keep", "--include", "*1?.fastq.gz")
    assert (told[0]["objects"], told[0]["verdict"]) == (12, "keep")


def test_check_ends_with_1_while_something_is_undecided_and_0_when_nothing_is(lab: Lab) -> None:
    mark(lab, "run1/", "keep")
    assert lab.run("scope", "check", "core", "--undecided-max", "0").returncode == 1
    assert lab.run("scope", "check", "core", "--undecided-max", "14").returncode == 1
    assert lab.run("scope", "check", "core", "--undecided-max", "15").returncode == 0
    assert lab.run("scope", "check").returncode == 0
    mark(lab, "run2/", "skip")
    done = lab.run("scope", "check", "core", "--undecided-max", "0", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout.splitlines()[-1])["ok"] is True


def test_check_never_says_yes_of_what_was_not_scanned(lab: Lab) -> None:
    path = lab.scopes / "core.toml"
    path.write_text('name = "core"\ncovers = ["lab-s3:small", "lab-s3:never-seen"]\n'
                    '[[rule]]\nverdict = "keep"\nreason = "all"\n')  # fmt: skip
    done = lab.run("scope", "check", "core", "--undecided-max", "0")
    assert done.returncode == 1
    assert "lab-s3:never-seen was never scanned" in done.stderr
    last = lab.lines("scope", "apply", "core")[-1]
    assert (last["complete"], last["objects"]) == (False, 0)


def test_a_scan_that_was_not_finished_is_not_all_decided(lab: Lab, s3: StandIn, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Lab(s3, tmp_path / "other")
    other.good("scan", "lab-s3:small/run1/")
    other.good("scope", "new", "core", "lab-s3:small", "--no-presets")
    mark(other, "run1/", "keep")
    done = other.run("scope", "check", "core", "--undecided-max", "0")
    assert done.returncode == 1
    assert "is not complete" in done.stderr


def test_a_review_is_refused_before_the_scope_is_applied_and_then_kept_in_the_audit(lab: Lab) -> None:
    lab.good("scan", "lab-s3:small/", "--fresh")
    assert "icehouse scope apply core" in lab.wrong(2, "scope", "reviewed", "core")
    lab.good("scope", "apply", "core")
    (told,) = lab.lines("scope", "reviewed", "core")
    assert told["undecided"] == {"objects": 30, "bytes": RUN1[1] + RUN2[1]}
    assert "reviewed" in lab.good("audit")
    last = lab.lines("scope", "check", "core")[-1]
    assert last["new_folders"] == []
    assert last["reviewed"] is not None


@pytest.mark.parametrize("decided", ["run1/", ""], ids=["some decided", "nothing decided"])
def test_a_folder_that_comes_after_the_review_is_news(lab: Lab, s3: StandIn, decided: str) -> None:
    lab.good("scope", "apply", "core")
    if decided:
        mark(lab, decided, "keep")
    lab.good("scope", "reviewed", "core")
    s3.boto3_client().put_object(Bucket="small", Key="run3/new.bam", Body=b"12345")
    try:
        lab.good("scan", "lab-s3:small/", "--fresh")
        last = lab.lines("scope", "check", "core")[-1]
    finally:
        s3.boto3_client().delete_object(Bucket="small", Key="run3/new.bam")
    assert last["new_folders"] == [{"address": "lab-s3:small/run3/", "objects": 1, "bytes": 5}]


def test_two_scopes_are_compared_by_what_enters_and_what_leaves(lab: Lab) -> None:
    mark(lab, "run1/", "keep")
    text = (lab.scopes / "core.toml").read_text()
    other = lab.folder / "other.toml"
    other.write_text(text.replace("run1/", "run2/"))
    *parts, whole = lab.lines("scope", "diff", "core", str(other))
    assert whole["enters"] == {"objects": RUN2[0], "bytes": RUN2[1]}
    assert whole["leaves"] == {"objects": RUN1[0], "bytes": RUN1[1]}
    assert whole["opens"] == whole["leaves"]
    by_folder = {(each["folder"], each["before"], each["after"]): each["objects"] for each in parts if each["folder"]}
    assert by_folder == {
        ("lab-s3:small/run1/", "keep", "undecided"): 15,
        ("lab-s3:small/run2/", "undecided", "keep"): 15,
    }
    *_, whole = lab.lines("scope", "diff", "core")
    assert (whole["a"], whole["b"]) == ("core before its last edit", "core")
    assert whole["enters"] == {"objects": RUN1[0], "bytes": RUN1[1]}


def test_what_a_scope_does_not_cover_enters_with_all_that_another_keeps(lab: Lab) -> None:
    mark(lab, "run1/", "keep")
    elsewhere = lab.folder / "elsewhere.toml"
    elsewhere.write_text('name = "elsewhere"\ncovers = ["lab-s3:never-seen"]\n')
    *_, whole = lab.lines("scope", "diff", str(elsewhere), "core")
    assert whole["enters"] == {"objects": RUN1[0], "bytes": RUN1[1]}
    assert whole["opens"] == {"objects": RUN2[0], "bytes": RUN2[1]}
    assert whole["not_scanned"] == ["lab-s3:never-seen/"]


def test_an_object_is_explained_by_its_rule_those_after_it_and_those_that_may_match(lab: Lab) -> None:
    rules = (
        '[[rule]]\nverdict = "keep"\nreason = "of the group"\nowner = "ada"\n\n'
        '[[rule]]\nverdict = "keep"\nreason = "runs"\nfolder = "run1/"\n\n'
        '[[rule]]\nverdict = "skip"\nreason = "reads"\nglob = "*.fastq.gz"\n'
    )
    path = lab.scopes / "core.toml"
    path.write_text(path.read_text() + rules)
    (told,) = lab.lines("scope", "explain", "lab-s3:small/run1/sample01.fastq.gz")
    assert (told["verdict"], told["rule"], told["reason"]) == ("keep", 2, "runs")
    assert [each["rule"] for each in told["later"]] == [3]
    assert told["perhaps"] == []
    assert told["backup"]["consists"] == ["bytes"]
    assert told["backup"]["bytes"] == 1_098
    (told,) = lab.lines("scope", "explain", "lab-s3:small/run2/sample01.fastq.gz", "--scope", "core")
    assert (told["verdict"], told["rule"]) == ("undecided", None)
    assert [(each["rule"], each["not_told"]) for each in told["perhaps"]] == [(1, ["owner"])]
    lab.good("scope", "apply", "core")
    (told,) = lab.lines("scope", "explain", "lab-s3:small/run2/")
    assert (told["verdict"], told["undecided"]["objects"]) == ("undecided", 15)


def test_an_applet_is_explained_with_all_that_it_needs_and_what_of_it_is_gone(
    s3: StandIn, dx: DxStandIn, tmp_path: Path
) -> None:
    lab = Lab(s3, tmp_path, dx)
    lab.good("scan", "dx:tools/")
    lab.good("scope", "new", "core", "dx:tools", "--preset", "apps")
    (told,) = lab.lines("scope", "explain", "dx:tools/applets/call")
    assert (told["verdict"], told["rule"]) == ("keep", 1)
    assert told["backup"]["kind"] == "applet"
    assert told["backup"]["consists"] == ["definition"]
    gone = [part["name"] for part in told["backup"]["parts"] if part["reachable"] is False]
    assert gone == ["gatk.tar.gz"]
    assert {part["kind"] for part in told["backup"]["parts"]} >= {"file", "record"}


def test_a_scan_without_lineage_leaves_intermediates_open_and_says_what_would_tell(
    s3: StandIn, dx: DxStandIn, tmp_path: Path
) -> None:
    lab = Lab(s3, tmp_path, dx)
    lab.good("scan", "dx:analyses/")
    lab.good("scope", "new", "core", "dx:analyses", "--preset", "intermediates")
    done = lab.run("scope", "apply", "core")
    assert "--lineage reads the jobs" in done.stderr
    (cover,) = lab.lines("scope", "show", "core")[-1]["covers"]
    assert (cover["lineage_missing"], cover["not_told"], cover["skip"]["objects"]) == (True, ["intermediate"], 0)
    lab.good("scan", "dx:analyses/", "--lineage")
    (cover,) = lab.lines("scope", "apply", "core")[-1]["covers"]
    assert (cover["lineage_missing"], cover["not_told"], cover["skip"]["objects"]) == (False, [], 1_419)


HOSTILE: dict[str, tuple[str | bytes, str]] = {
    "glob": ('[[rule]]\nverdict = "keep"\nreason = "x"\nglob = "[a"\n', "[[rule]] 1 glob"),
    "rules": ('[[rule]]\nverdict = "keep"\nreason = "x"\n' * 10_000, "10,000 rules; a scope has at most 1,000"),
    "twice": ('[[rule]]\nverdict = "keep"\nverdict = "skip"\nreason = "x"\n', "verdict"),
    "circle": ('[[rule]]\ninclude = "core.toml"\n', "goes in a circle: core.toml → core.toml"),
    "near": ('[[rule]]\nverdict = "keep"\nraeson = "x"\n', "did you mean reason?"),
    "bytes": (b"\xff\xfe", "UTF-8"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_file_gets_one_clear_line_from_every_command(lab: Lab, what: str) -> None:
    path = lab.scopes / "core.toml"
    told, words = HOSTILE[what]
    path.write_bytes(path.read_bytes() + (told if isinstance(told, bytes) else told.encode()))
    for verb in ("show", "apply", "check"):
        line = lab.wrong(2, "scope", verb, str(path))
        assert line.startswith(f"{path}: ")
        assert words in line
        assert "\x1b" not in line
    assert words in lab.wrong(2, "scope", "mark", "core", "lab-s3:small/run1/", "--keep", "--reason", "x")
    listed = lab.run("scope", "list")
    assert listed.returncode == 1
    assert words in listed.stderr


def test_a_wrong_file_does_not_keep_check_from_the_others(lab: Lab) -> None:
    (lab.scopes / "bad.toml").write_text("name = 5\n")
    mark(lab, "run1/", "keep")
    done = lab.run("scope", "check", "--undecided-max", "0")
    assert done.returncode == 2
    assert "bad.toml" in done.stderr
    assert "core" in done.stdout


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("new", "core", "lab-s3:small"), "there is such a scope already"),
        (("new", "a/b", "lab-s3:small"), "can't be a file's name"),
        (("new", "other"), "name what the scope covers"),
        (("new", "other", "lab-s3:small/run1/"), "a scope covers whole buckets"),
        (("new", "other", "lab-s3:small", "--preset", "sequences"), "no such preset; there is"),
        (("show", "other"), "other: no such scope in"),
        (("mark", "core", "lab-s3:small/run1/", "--reason", "x"), "say --keep or --skip"),
        (("mark", "core", "--keep", "--reason", "x"), "name what to mark"),
        (("mark", "core", "lab-s3:small/run1/", "--keep", "--reason", " "), "a reason is missing"),
        (("move", "core", "1", "2"), "there are no rules"),
        (("undo", "core"), "no edit of"),
        (("diff", "core"), "no edit of it is remembered"),
        (("explain", "lab-s3:small/nothing"), "no such object or folder"),
        (("shwo", "core"), "no such command; did you mean show?"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_one_line(lab: Lab, words: tuple[str, ...], line: str) -> None:
    assert line in lab.wrong(2, "scope", *words)


def test_nothing_but_the_file_of_the_scope_is_written_beside_the_config(lab: Lab) -> None:
    mark(lab, "run1/", "keep")
    lab.good("scope", "check")
    found = {path.relative_to(lab.folder).parts for path in lab.folder.rglob("*") if path.is_file()}
    assert {parts for parts in found if parts[0] != "state"} == {("config.toml",), ("scopes", "core.toml")}
