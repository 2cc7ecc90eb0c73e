"""Listing a bucket with class and restore status, against others who list S3 and against the bytes alone.

Usage: python -m tests.bench.listing [--keys 100000[,1000000]] [--shapes tree,flat] [--delays 0,1.5,60] [--rounds 3]
                                     [--only WORD,…] [--leave-out WORD,…]

Each contender is a whole process, its start included, measured in turn with the others, round by round; the table has
medians.  Whoever takes over a minute is run once.  Every run must have told every key, else it does not count.  At the
end of each number of keys stands the table of the README: seconds, and how many times as fast that is.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from . import measuring
from .contenders import Contender, contenders, environment, install
from .measuring import Run, run
from .server import Served, serving

WARM = 1000
_LONG = 60.0
HEAD = ("", "s", "min-max", "keys/s", "CPU s", "MiB", "× boto3", "× s5cmd/rclone", "÷ raw")
Field = list[tuple[Contender, list[Run]]]
"""Contenders and the runs of each."""


def count(contender: Contender, done: Run) -> int:
    """How many keys it told."""
    if contender.rows == "first":
        first = done.last().split(" ")[0]
        return int(first) if first.isdecimal() else -1
    return done.lines() - int(contender.rows)


def once(contender: Contender, served: Served, keys: int, scratch: Path) -> Run | None:
    """One run that told all keys; None, with a line that says why, where it did not."""
    env = measuring.installed(environment(served.endpoint, scratch), scratch / "bytecode")
    done = run(contender.command, env, scratch)
    if done.code == 0 and (told := count(contender, done)) == keys:
        return done
    why = (done.said.splitlines() or [done.last()])[-1][:200] if done.code else f"told {told:,} of {keys:,} keys"
    print(f"{contender.name} does not count: {why}", flush=True)
    return None


def measured(
    served: Served, keys: int, rounds: int, chosen: Sequence[str], left: Sequence[str], scratch: Path
) -> Field:
    """The runs of each, in turn."""
    field: Field = [
        (each, [])
        for each in contenders(served.endpoint, keys)
        if (not chosen or any(word in each.name for word in chosen)) and not any(word in each.name for word in left)
    ]
    out: set[str] = set()
    for _ in range(rounds):
        for contender, runs in field:
            if contender.name in out or (runs and runs[0].wall > _LONG):
                continue
            done = once(contender, served, keys, scratch)
            if done is None:
                out.add(contender.name)
            else:
                runs.append(done)
    return [(contender, runs) for contender, runs in field if runs and contender.name not in out]


def wall(runs: Sequence[Run]) -> float:
    """The median time."""
    return statistics.median(each.wall for each in runs)


def boto3(field: Field) -> float | None:
    """The time of boto3's paginator."""
    return next((wall(runs) for each, runs in field if each.kind == "boto3"), None)


def fast(field: Field) -> float | None:
    """The time of the better of s5cmd and rclone."""
    return min((wall(runs) for each, runs in field if each.name.startswith(("s5cmd", "rclone"))), default=None)


def raw(field: Field) -> float | None:
    """The time in which the bytes can be had over one connection, by the library that carries ours."""
    return next((wall(runs) for each, runs in field if each.kind == "raw" and each.command[-1] == "urllib3"), None)


def told(field: Field, keys: int) -> str:
    """One case: each against boto3, against the better of the fast ones, and against raw bytes."""
    others = (boto3(field), fast(field))
    limit = raw(field)
    rows = []
    for contender, runs in sorted(field, key=lambda pair: wall(pair[1])):
        seconds = wall(runs)
        spread = [each.wall for each in runs]
        rows.append(
            (
                contender.name,
                f"{seconds:.2f}",
                f"{min(spread):.2f}-{max(spread):.2f}" if len(runs) > 1 else "once",
                f"{keys / seconds:,.0f}",
                f"{statistics.median(each.cpu for each in runs):.2f}",
                weight(contender, runs),
                *(f"{other / seconds:.1f}" if other else "" for other in others),
                f"{seconds / limit:.1f}" if limit else "",
            )
        )
    return measuring.table(HEAD, rows)


def weight(contender: Contender, runs: Sequence[Run]) -> str:
    """The most memory that a process of it had, and how many processes of ours there were."""
    processes = max(each.processes for each in runs)
    told = f"{max(each.peak for each in runs):.0f}"
    return f"{told} × {processes}" if contender.kind == "ours" and processes > 1 else told


def summed_up(cases: Mapping[str, Field], keys: int) -> str:
    """All cases of one number of keys side by side, with how many times as fast as others ours is in each."""
    names = list(dict.fromkeys(each.name for field in cases.values() for each, _ in field))
    found = {(case, each.name): (each, runs) for case, field in cases.items() for each, runs in field}
    rows: list[tuple[str, ...]] = []
    for name in names:
        its = [found[case, name] for case in cases if (case, name) in found]
        contender, every = its[0][0], [each for _, runs in its for each in runs]
        cells = [f"{wall(found[case, name][1]):.1f} s" if (case, name) in found else "" for case in cases]
        rows.append((name, *cells, weight(contender, every), contender.tells))
    against = (("× as fast as boto3", boto3, False), ("× s5cmd or rclone", fast, False), ("÷ raw bytes", raw, True))
    for name in names:
        if not name.startswith("icehouse"):
            continue
        for words, other, turned in against:
            cells = [""] * len(cases)
            for at, (case, field) in enumerate(cases.items()):
                theirs = other(field)
                if theirs and (case, name) in found:
                    ours = wall(found[case, name][1])
                    cells[at] = f"{ours / theirs if turned else theirs / ours:.1f}"
            if any(cells):
                rows.append((f"{name}: {words}", *cells, "", ""))
    return measuring.table((f"{keys:,} keys", *cases, "MiB", "tells also"), rows)


def main() -> int:
    """Every table that was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.listing")
    parser.add_argument("--keys", default="100000")
    parser.add_argument("--shapes", default="tree,flat")
    parser.add_argument("--delays", default="0,1.5,60", help="milliseconds that every answer waits")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="those whose names have one of these words")
    parser.add_argument("--leave-out", default="", help="those that are not to run")
    wish = parser.parse_args()
    only, left = ([word for word in text.split(",") if word] for text in (wish.only, wish.leave_out))
    versions = install()
    print(measuring.machine(), "·", ", ".join(f"{name} {version}" for name, version in versions.items()), flush=True)
    with tempfile.TemporaryDirectory(prefix="icehouse-bench-") as folder:
        scratch = Path(folder)
        with serving(WARM) as served:
            measured(served, WARM, 1, only, left, scratch)
        for keys in map(int, wish.keys.split(",")):
            cases: dict[str, Field] = {}
            for shape in wish.shapes.split(","):
                with serving(keys, shape) as served:
                    for delay in map(float, wish.delays.split(",")):
                        served.set(delay=delay / 1000)
                        before = measuring.load()
                        field = measured(served, keys, wish.rounds, only, left, scratch)
                        print(f"\n{keys:,} keys, {shape}, {delay:g} ms a request ({before})\n")
                        print(told(field, keys), flush=True)
                        cases[f"{shape}, {delay:g} ms"] = field
            print(f"\n{summed_up(cases, keys)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
