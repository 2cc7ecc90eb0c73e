"""`icehouse scope explain`: why an object is kept or skipped, and what a backup of it consists of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from icehouse.core.entries import Composition
from icehouse.core.errors import UsageError
from icehouse.core.refs import FolderRef, folder_address, ref_address
from icehouse.core.scope_rows import Explanation, Judged
from icehouse.core.scopes import Sums
from icehouse.present.rules import rule_words
from icehouse.present.verdicts import sums_lines
from icehouse.present.why import why_lines

from .choice import json_lines
from .names import names_of
from .output import json_line, say, table
from .session import Session

if TYPE_CHECKING:
    from icehouse.services.scopes import Opened


@click.command()
@click.argument("address")
@click.option("--scope", "name", metavar="NAME", help="This scope alone, or the file at this path.")
@json_lines
@click.pass_obj
def command(session: Session, address: str, name: str | None, as_json: bool) -> int:
    """Tell of ADDRESS which rule of each scope that covers it decides, which would have matched after it, and why not.

    The rules are asked of what was scanned; what a backup of the object consists of is asked of the store now. Of a
    folder the sums by verdict are told, as last applied; where not all of it was scanned, JSON has no verdict for it.
    """
    from icehouse.services import scope_explain
    from icehouse.services.look import resolve

    place = session.address(address)
    target = resolve(session.house, place)
    found = _scopes(session, name, target.store, target.container)
    for number, opened in enumerate(found):
        if number and not as_json:
            say()
        if isinstance(target, FolderRef):
            sums = scope_explain.folder_sums(session.house, opened, target)
            known = scope_explain.folder_known(session.house, target)
            if as_json:
                told = {"keep": sums.keep, "skip": sums.skip, "undecided": sums.undecided}
                json_line({"scope": opened.name, "address": folder_address(target),
                           "verdict": sums.word if known else None, "complete": known,
                           **{word: _sums(each) for word, each in told.items()}})  # fmt: skip
            else:
                rows = [("scope", opened.name), ("folder", folder_address(target))]
                rows += [] if known else [("known", "in part, as the scan is not complete: there may be more")]
                table(("", ""), [*rows, *((label, cell.text) for label, cell in sums_lines(sums))])
            continue
        why = scope_explain.explain(session.house, opened, target)
        if as_json:
            json_line(_row(why))
        else:
            lines = [("scope", opened.name), *((label, cell.text) for label, cell in why_lines(why, names_of(session)))]
            table(("", ""), lines)
    return 0


def _scopes(session: Session, name: str | None, store: str, container: str) -> list[Opened]:
    """The scope that is named, or all beside the config that cover the container."""
    from icehouse.services.scopes import covering, open_scope

    if name is not None:
        return [open_scope(session.house, name)]
    found = covering(session.house, store, container)
    if not found:
        raise UsageError(
            f"no scope in {session.house.paths.scopes} covers {store}:{container}", hint="name one: --scope NAME"
        )
    return found


def _row(why: Explanation) -> dict[str, object]:
    return {
        "scope": why.scope, "address": ref_address(why.ref), "version": why.ref.version,
        "verdict": why.verdict.value, "rule": None if why.rule is None else why.rule.number,
        "reason": None if why.rule is None else why.rule.rule.reason,
        "words": None if why.rule is None else rule_words(why.rule.rule),
        "later": [_judged(each) for each in why.later], "perhaps": [_judged(each) for each in why.perhaps],
        "versions": why.versions, "backup": None if why.composition is None else _composed(why.composition),
        "trouble": why.trouble or None,
    }  # fmt: skip


def _judged(judged: Judged) -> dict[str, object]:
    return {
        "rule": judged.number, "verdict": judged.rule.verdict.value, "reason": judged.rule.reason,
        "words": rule_words(judged.rule), "not_told": list(judged.untold),
    }  # fmt: skip


def _composed(told: Composition) -> dict[str, object]:
    return {
        "kind": told.kind, "consists": list(told.consists), "bytes": told.size,
        "versions": told.versions, "words": told.words or None,
        "parts": [{"id": part.id, "name": part.name, "kind": part.kind, "reachable": part.reachable,
                   "words": part.words or None} for part in told.parts],
    }  # fmt: skip


def _sums(sums: Sums) -> dict[str, int]:
    return {"objects": sums.objects, "bytes": sums.bytes}
