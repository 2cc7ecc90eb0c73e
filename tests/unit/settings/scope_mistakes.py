# ruff: noqa: E501
"""Mistakes in a scope file with the one line that each gets; the words behind ``not TOML`` are the parser's own."""

from __future__ import annotations

TOP = 'name = "core"\ncovers = ["lab:bucket"]\n'
RULE = '[[rule]]\nverdict = "keep"\nreason = "why"\n'

MISTAKES = [
    ("nam = 1", "nam: no such key; did you mean name?"),
    (RULE, "has rules alone, for other scopes to include; a scope has a name and covers"),
    ("", 'covers: is missing: write covers = ["STORE:CONTAINER"]'),
    ('covers = ["a:b"]', 'name: is missing: write name = "…"'),
    (TOP + "versions = 1", "versions: 'this' is not known; there is current, all"),
    (TOP + 'copy_class = "DEEP"', "copy_class: 'DEEP' is not known; there is STANDARD, STANDARD_IA, ONEZONE_IA, "
     "INTELLIGENT_TIERING, GLACIER_IR, GLACIER, DEEP_ARCHIVE, live, archived"),
    ('name = ""\ncovers = ["a:b"]', "name: expected a name of at most 100 plain characters"),
    ('name = "a\\u001b[2J"\ncovers = ["a:b"]', "name: expected a name of at most 100 plain characters"),
    ('name = "a"\ncovers = []', 'covers: expected a list of containers, as in ["lab-s3:imaging-platform", "dx:project-…"]'),
    ('name = "a"\ncovers = ["b"]', "covers: 'b' is not of the form STORE:CONTAINER"),
    ('name = "a"\ncovers = ["a:"]', "covers: expected a container's own name, as in \"imaging-platform\" or "
     '"project-…"; a store has its own key'),
    ('name = "a"\ncovers = ["A:b"]', "covers: expected the name of a store in the config, made of a-z, 0-9 and '-'"),
    ('name = "a"\ncovers = ["a:b/c/"]', "covers: 'a:b/c/': a scope covers whole containers; folders stand in its rules"),
    ('name = "a"\ncovers = ["a:b", "a:b"]', "covers: a:b stands there twice"),
    (TOP + "rule = 3", "rule: rules are tables of their own: write [[rule]]"),
    (TOP + "[rule]\nverdict = 'keep'", "rule: rules are tables of their own: write [[rule]]"),
    (TOP + '[[rule]]\nreason = "x"', '[[rule]] 1 verdict: is missing: write verdict = "keep" or verdict = "skip"'),
    (TOP + RULE + '[[rule]]\nverdict = "keep"', "[[rule]] 2 reason: is missing: say why, as in reason = \"as the "
     'sequencer wrote it"'),
    (TOP + '[[rule]]\nverdict = "keep"\nreason = " \\t"', "[[rule]] 1 reason: says nothing; a rule needs a reason"),
    (TOP + '[[rule]]\nverdict = "undecided"\nreason = "x"', "[[rule]] 1 verdict: 'undecided' is not known; there is "
     "keep, skip"),
    (TOP + RULE + 'golb = "x"', "[[rule]] 1 golb: no such key; did you mean glob?"),
    (TOP + RULE + "glob = 3", "[[rule]] 1 glob: expected a text or a list of texts, not a whole number"),
    (TOP + RULE + 'glob = ["a", 2.5]', "[[rule]] 1 glob: expected a text or a list of texts, not a fraction"),
    (TOP + RULE + "glob = []", "[[rule]] 1 glob: the list is empty, so nothing could match; leave the key out"),
    (TOP + RULE + 'glob = [""]', "[[rule]] 1 glob: an empty text matches nothing; leave the key out"),
    (TOP + RULE + 'glob = "a[b"', "[[rule]] 1 glob: glob 'a[b': a set [ is never closed"),
    (TOP + RULE + 'glob = "[z-a]"', "[[rule]] 1 glob: glob '[z-a]': the range z-a is backwards"),
    (TOP + RULE + f'glob = "{"a*" * 600}"', f"[[rule]] 1 glob: glob '{'a*' * 20}': a glob has 1 to 1024 characters"),
    (TOP + RULE + 'folder = "raw"', '[[rule]] 1 folder: a folder ends in a slash: write "raw/"'),
    (TOP + RULE + 'store = "lab:x"', "[[rule]] 1 store: expected the name of a store in the config, made of a-z, 0-9 "
     "and '-'"),
    (TOP + RULE + 'container = "lab:x"', "[[rule]] 1 container: expected a container's own name, as in "
     '"imaging-platform" or "project-…"; a store has its own key'),
    (TOP + RULE + 'size = "1MiB"', '[[rule]] 1 size: expected a bound, as in ">1MiB" or ["<=2GB", ">=10MB"]'),
    (TOP + RULE + 'size = ">1Mb"', "[[rule]] 1 size: Mb is no unit; there is B, kB, MB, GB, TB, PB, KiB, MiB, GiB, TiB, PiB"),
    (TOP + RULE + 'size = "<0"', "[[rule]] 1 size: expected whole bytes, of 0 to 9223372036854775807"),
    (TOP + RULE + 'size = [">1", ">2"]', "[[rule]] 1 size: the same end is given twice"),
    (TOP + RULE + 'size = ">1"\nmin_size = 2', "[[rule]] 1 size: the same end is given twice"),
    (TOP + RULE + "min_size = -1", "[[rule]] 1 min_size: expected whole bytes, of 0 to 9223372036854775807"),
    (TOP + RULE + "min_size = true", '[[rule]] 1 min_size: expected a size, as in 4096 or "1.5 MiB"'),
    (TOP + RULE + f"min_size = {10**30}", "[[rule]] 1 min_size: expected whole bytes, of 0 to 9223372036854775807"),
    (TOP + RULE + 'older = "90 years"', '[[rule]] 1 older: expected weeks, days, hours, minutes or seconds, as in "2w", '
     '"90d", "12h", "30min"'),
    (TOP + RULE + 'older = "99999999d"', "[[rule]] 1 older: expected 36525 days at most"),
    (TOP + RULE + 'before = "2024-01-01"', "[[rule]] 1 before: expected a date or an instant without quotes, as in "
     "2024-01-31 or 2024-01-31T12:00:00Z"),
    (TOP + RULE + "before = 12:00:00", "[[rule]] 1 before: expected a date or an instant without quotes, as in "
     "2024-01-31 or 2024-01-31T12:00:00Z"),
    (TOP + RULE + "before = 2024-01-01T00:00:00", "[[rule]] 1 before: the zone is missing: write it as UTC, as in "
     "2024-01-31T12:00:00Z"),
    (TOP + RULE + "before = 0001-01-01T00:00:00+14:00", "[[rule]] 1 before: expected a date or an instant without "
     "quotes, as in 2024-01-31 or 2024-01-31T12:00:00Z"),
    (TOP + RULE + "before = 2024-02-31", "not TOML: line 6: "),
    (TOP + RULE + 'class = "applets"', "[[rule]] 1 class: 'applets' is not known; did you mean applet?"),
    (TOP + RULE + 'state = ["cold"]', "[[rule]] 1 state: 'cold' is not known; there is live, archiving, archived, "
     "restoring, restored, set-aside, missing, unknown"),
    (TOP + RULE + 'made_by = "robot"', "[[rule]] 1 made_by: 'robot' is not known; there is job, person"),
    (TOP + RULE + 'shared = "yes"', "[[rule]] 1 shared: expected true or false, not a text"),
    (TOP + RULE + "property = {a = 1}", "[[rule]] 1 property.a: expected a text, not a whole number"),
    (TOP + RULE + "property = {}", "[[rule]] 1 property: a property has a name; leave the key out where none is asked"),
    (TOP + RULE + "objects = 3", '[[rule]] 1 objects: expected a list of tables, as in [{store = "dx", container = '
     '"project-…", key = "a/b"}]'),
    (
        TOP + RULE + 'objects = [{store = "a", container = "b", key = "c", version = ""}]',
        "[[rule]] 1 objects[1].version: is empty, so nothing could match",
    ),
    (
        TOP + RULE + 'objects = [{store = "a", container = "b", key = ""}]',
        "[[rule]] 1 objects[1].key: is empty, so nothing could match",
    ),
    (TOP + RULE + 'objects = [{store = "a", container = "b"}]', "[[rule]] 1 objects[1].key: is missing"),
    (TOP + RULE + 'objects = [{store = "a", container = "b", key = "c", vers = "d"}]', "[[rule]] 1 objects[1].vers: no "
     "such key; did you mean version?"),
    (TOP + RULE + 'objects = [{store = "a", container = "b", key = 3}]', "[[rule]] 1 objects[1].key: expected a text, "
     "not a whole number"),
    (TOP + '[[rule]]\npreset = "final"', "[[rule]] 1 preset: 'final' is none; there is shared with me (where I may "
     "copy), apps, applets and workflows, final results, sequencer data, intermediates"),
    (TOP + '[[rule]]\npreset = "sequencer dat"', "[[rule]] 1 preset: 'sequencer dat' is none; did you mean sequencer data?"),
    (TOP + '[[rule]]\npreset = "sequencer data"\nglob = "*.x"', "[[rule]] 1 glob: the preset asks this itself; spell its "
     "rules out to change them"),
    (TOP + '[[rule]]\ninclude = "x.toml"\nverdict = "keep"', "[[rule]] 1 verdict: an include stands alone in its "
     "[[rule]]; the file's own rules say the rest"),
    (TOP + "[[rule]]\ninclude = 3", '[[rule]] 1 include: expected the path of a file, as in "site-rules.toml"'),
    (TOP + '[[rule]]\ninclude = "a\\u0000b"', '[[rule]] 1 include: expected the path of a file, as in "site-rules.toml"'),
    (TOP + '[[rule]]\npreset = "apps, applets and workflows"\nclass = "file"', "[[rule]] 1 class: the preset asks this itself; spell its rules out to change them"),
    (TOP + '[[rule]]\npreset = "sequencer data"\nverdict = "maybe"', "[[rule]] 1 verdict: 'maybe' is not known; there is keep, skip"),
    (TOP + '[[rule]]\npreset = "sequencer data"\nmade = "job"', "[[rule]] 1 made: no such key; did you mean made_by?"),
]  # fmt: skip

TWICE = [
    (TOP + 'name = "b"\n', "name: stands a second time in line 3"),
    (TOP + RULE + "\n" + RULE + 'glob = [\n  "a",\n]\n# more\nglob = [\n  "b",\n]\n',
     "[[rule]] 2 glob: stands a second time in line 14"),
    (TOP + RULE + 'property.a = "1"\nproperty.a = "2"', "[[rule]] 1 property.a: stands a second time in line 7"),
    (TOP + RULE + '[rule.property]\na = "1"\n[rule.property]\nb = "2"', "[[rule]] 1 property: stands a second time in "
     "line 8"),
    (TOP + RULE + 'reason = """x\n\nglob = 3"""', "[[rule]] 1 reason: stands a second time in line 6"),
    (TOP + RULE + 'property = {a = "1", a = "2"}', "[[rule]] 1 property: stands a second time in line 6"),
    (TOP + 'rule = 1\n[[rule]]\n', "[[rule]] 1 stands a second time in line 4"),
]  # fmt: skip

HOSTILE: list[tuple[bytes, str]] = [
    (b'name = "a\xff"', "line 1 is not UTF-8; save the file in that encoding"),
    (b"\n\n\xed\xa0\x80", "line 3 is not UTF-8; save the file in that encoding"),
    (b'name = "a\x1b[2J"', "not TOML: line 1: "),
    (b"name = 'a\x00'", "not TOML: line 1: "),
    (b'name = "\\ud800"', "not TOML: line 1: "),
    (b"a = " + b"[" * 100_000, "not TOML: lists or tables are nested too deeply"),
    (b"a = " + b"9" * 100_000, "not TOML: "),
    (b"#" * (4 * 2**20 + 1), "is larger than a scope file may be, 4 MiB"),
    (b"a" * 300 + b" = 1", "a" * 200 + "…: no such key; there is name, covers, copy_class, versions, rule"),
    (b'"\\u001b[2J\\u202e" = 1', "\\x1b[2J‹U+202E›: no such key; there is name, covers, copy_class, versions, rule"),
    (b"a = 1\ra = 2", "not TOML: line 1: "),
]  # fmt: skip
