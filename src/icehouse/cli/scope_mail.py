"""The mail about a scope: what nobody has decided about, in text and in HTML."""

from __future__ import annotations

from html import escape

from icehouse.core.clock import Instant
from icehouse.core.scope_rows import Changes, ScopeStanding
from icehouse.core.text import safe
from icehouse.present.scopes import folder_words, undecided_words
from icehouse.present.sizes import count, plural, size
from icehouse.present.times import day, stamp

from .names import Names

_MOST = 20


def mail_of(standing: ScopeStanding, changes: Changes, names: Names, now: Instant) -> tuple[str, str, str]:
    """Subject, text and HTML; every name in it is safe text, and escaped in HTML."""
    name = safe(changes.scope)
    head = [f"Scope {name}: {undecided_words(standing)}.", _reviewed(changes, now)]
    head += [f"The rules changed since: {safe(str(changes.path))}."] if changes.rules_changed else []
    head += [f"{safe(str(line.cover))} was never scanned: nothing is known of it." for line in standing.covers
             if line.coverage is None]  # fmt: skip
    head += [f"The scan of {safe(str(line.cover))} is not complete." for line in standing.covers
             if line.coverage is not None and not line.complete]  # fmt: skip
    folders = [
        (folder_words(each.folder, names), count(each.sums.objects), size(each.sums.bytes))
        for each in changes.folders[:_MOST]
    ]
    more = len(changes.folders) - len(folders)
    tail = [f"and {plural(more, 'more folder')}"] if more > 0 else []
    foot = f"icehouse scope show {name}, or the Scope screen; icehouse scope reviewed {name} once it was looked at."
    title = "New folders in which no rule decides:" if changes.reviewed else "Folders in which no rule decides:"
    parts = [*head, ""]
    if folders:
        parts += [title, *(f"  {where}  {objects} objects, {amount}" for where, objects, amount in folders), *tail, ""]
    parts += [foot, f"As of {stamp(now)}."]
    subject = f"[icehouse] {name}: {count(changes.now.objects)} undecided"
    return subject, "\n".join(parts) + "\n", _html(head, title, folders, tail, foot)


def _reviewed(changes: Changes, now: Instant) -> str:
    if changes.reviewed is None:
        return "It was never reviewed."
    before = f"{count(changes.before.objects)} undecided then"
    return f"Last reviewed {day(changes.reviewed, now)} by {safe(changes.by)}, {before}."


def _html(head: list[str], title: str, folders: list[tuple[str, str, str]], tail: list[str], foot: str) -> str:
    lines = [f"<p>{'<br>'.join(escape(line) for line in head)}</p>"]
    if folders:
        cells = "".join(
            f"<tr><td>{escape(where)}</td><td align=right>{escape(objects)}</td><td align=right>{escape(amount)}</td>"
            "</tr>"
            for where, objects, amount in folders
        )
        heads = "<tr><th align=left>folder</th><th align=right>objects</th><th align=right>size</th></tr>"
        lines += [f"<p>{escape(title)}</p><table cellpadding=4>{heads}{cells}</table>"]
        lines += [f"<p>{escape(each)}</p>" for each in tail]
    lines.append(f"<p>{escape(foot)}</p>")
    return f"<html><body>{''.join(lines)}</body></html>\n"
