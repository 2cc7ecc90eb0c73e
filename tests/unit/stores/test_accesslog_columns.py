"""Access logs, many lines at once: one that is no line is found among many that are, and moves no field of another."""

from __future__ import annotations

import pytest

from icehouse.core.evidence import Watched
from icehouse.stores.s3.accesslog import AccessLog
from icehouse.stores.s3.watching import Watching

PLAIN = (
    "owner instruments [06/Feb/2019:00:00:38 +0000] 192.0.2.3 who ID{} REST.GET.OBJECT out/{} "
    '"GET /out HTTP/1.1" 200 - 5 7 28 12 "-" "curl" - host SigV4 ECDHE AuthHeader h TLSv1.2'
)
CHANGES = (
    (" 200 ", " 099 "), (" 200 ", " 600 "), (" 200 ", " ٢00 "), (" 200 - ", " 200  "), (" 200 - ", " 200 \x0b "),
    (" 5 7 ", " 5- 7 "), (" 5 7 ", " -- 7 "), (" 5 7 ", " +5 7 "), (" 5 7 ", " ² 7 "), (" 5 7 ", f" {'9' * 19} 7 "),
    (" 28 12 ", " 28 1_2 "), (" 28 12 ", " 28 12 1 "), (" 28 12 ", " 28 "), (" 28 12 ", " 28 12"), (" 28 ", "  28 "),
    ("+0000", "+0100"), ("06/Feb", "31/Feb"), (" who ", "  "), (" who ", " who who "), ("owner ", " "),
    (" SigV4 ", " SigV5 "), (" AuthHeader ", " Other "), (" - host ", "  host "), (' "curl" - ', ' "curl"- '),
    ('"-" "curl"', '"-"  "curl"'),
)  # fmt: skip


@pytest.mark.parametrize(("was", "now"), CHANGES)
@pytest.mark.parametrize("where", [0, 3, 6])
def test_one_wrong_field_spoils_one_line_alone(where: int, was: str, now: str) -> None:
    lines = [PLAIN.format(number, number) for number in range(7)]
    assert was in lines[where]
    lines[where] = lines[where].replace(was, now, 1)
    log = AccessLog("s", "n", Watching([Watched("lab", "instruments", "out/")]))
    log.read("\n".join(lines))
    assert (log.lines, log.unparsed, [sample.where for sample in log.samples]) == (7, 1, [f"n: line {where + 1}"])
    assert [access.id for access in log.accesses] == [f"ID{number}" for number in range(7) if number != where]
    assert {(access.status, access.sent, access.size, access.version) for access in log.accesses} == {(200, 5, 7, None)}


@pytest.mark.parametrize(("longer", "shorter"), [(" 28 12 1 ", " 28 "), (" 28 12", "  28 12 "), ("  28 12 ", " 28 12")])
def test_two_lines_that_are_wrong_do_not_make_up_for_each_other(longer: str, shorter: str) -> None:
    lines = [PLAIN.format(number, number) for number in range(4)]
    lines[1], lines[2] = lines[1].replace(" 28 12 ", longer), lines[2].replace(" 28 12 ", shorter)
    log = AccessLog("s", "n", Watching([Watched("lab", "instruments", "out/")]))
    log.read("\n".join(lines))
    assert (log.lines, log.unparsed, [access.id for access in log.accesses]) == (4, 2, ["ID0", "ID3"])
