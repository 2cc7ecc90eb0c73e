"""Why a scope says what it says of one object, and what a backup of that object consists of."""

from __future__ import annotations

from icehouse.catalogue.facts import facts_of
from icehouse.catalogue.reader import opened as reading
from icehouse.core.entries import Composition
from icehouse.core.errors import IcehouseError, NotFound, UsageError
from icehouse.core.refs import FolderRef, Ref, folder_address, ref_address
from icehouse.core.scope_rows import Explanation, Judged
from icehouse.core.scopes import Cover, Facts, Rule, VerdictSums, decide, matches
from icehouse.stores.base import Composes

from .house import House
from .scope_untold import untold
from .scope_verdicts import catalogue_of, verdicts
from .scopes import Opened


def explain(house: House, opened: Opened, ref: Ref, *, compose: bool = True) -> Explanation:
    """Why of one object, from what the catalogue knows of it; the store tells what it consists of, if it is asked.

    A store that can't tell makes words, not an error.  UsageError where the scope does not cover the container or it
    was never scanned; NotFound where the catalogue lacks the object.
    """
    cover = _covered(opened, ref)
    with reading(catalogue_of(house, cover)) as reader:
        if reader is None:
            where = f"{cover}/"
            raise UsageError(f"{where} was never scanned", hint=f"icehouse scan {where}")
        row = reader.object(ref)
        if row is None:
            raise NotFound(f"{ref_address(ref)}: the catalogue has no such object", hint=f"icehouse scan {cover}/")
        facts = facts_of(reader, row)
    told = explained(opened, facts)
    composition, trouble = _composition(house, row.ref) if compose else (None, "")
    return Explanation(
        scope=told.scope, ref=told.ref, verdict=told.verdict, facts=facts, rule=told.rule, later=told.later,
        perhaps=told.perhaps, composition=composition, trouble=trouble, versions=opened.scope.versions,
    )  # fmt: skip


def explained(opened: Opened, facts: Facts) -> Explanation:
    """Why of an object of which all that matters is told; what it consists of is left out."""
    rules = opened.scope.rules
    found = decide(rules, facts)
    last = found.rule if found.rule is not None else len(rules)
    later = [number for number in range(last + 1, len(rules)) if matches(rules[number], facts)]
    return Explanation(
        scope=opened.name,
        ref=facts.ref,
        verdict=found.verdict,
        facts=facts,
        rule=None if found.rule is None else _judged(rules, found.rule, facts),
        later=tuple(_judged(rules, number, facts) for number in later),
        perhaps=tuple(_judged(rules, number, facts) for number in found.perhaps),
        versions=opened.scope.versions,
    )


def folder_sums(house: House, opened: Opened, folder: FolderRef) -> VerdictSums:
    """Everything below a folder by verdict, as last applied.

    UsageError where that was not done, or the catalogue is another by now.  It is all that is there only where
    `folder_known`.
    """
    cover = _covered(opened, folder)
    found = verdicts(house, opened, cover)
    hint = f"icehouse scope apply {opened.name}"
    if found is None:
        raise UsageError(f"{folder_address(folder)}: the scope was not applied to it yet", hint=hint)
    try:
        with reading(catalogue_of(house, cover)) as reader:
            if reader is None or not found.fresh(reader, found.applied.digest):
                raise UsageError(f"{cover}: its catalogue changed since the scope was applied", hint=hint)
        return found.sums(folder.prefix)
    finally:
        found.close()


def folder_known(house: House, folder: FolderRef) -> bool:
    """Whether everything below a folder was scanned to its end."""
    with reading(catalogue_of(house, Cover(folder.store, folder.container))) as reader:
        return reader is not None and reader.coverage(folder.prefix).complete


def _covered(opened: Opened, target: Ref | FolderRef) -> Cover:
    cover = Cover(target.store, target.container)
    if cover not in opened.scope.covers:
        covers = ", ".join(str(each) for each in opened.scope.covers)
        raise UsageError(f"{cover} is not covered by scope {opened.name}", hint=f"it covers {covers}")
    return cover


def _judged(rules: tuple[Rule, ...], number: int, facts: Facts) -> Judged:
    return Judged(number + 1, rules[number], untold(rules[number], facts))


def _composition(house: House, ref: Ref) -> tuple[Composition | None, str]:
    """What the store tells now that `ref` is made of, or why that is not told."""
    try:
        store = house.store(ref.store)
        if not store.features.composes or not isinstance(store, Composes):
            return None, "this store does not tell what an object consists of"
        return store.compose(ref), ""
    except IcehouseError as error:
        return None, str(error)
