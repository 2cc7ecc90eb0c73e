"""Sending files to the cold, and calling back from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from icehouse.core.archives import BLOCKING, BLOCKING_WORDS, ArchiveAccepted, ArchiveRequest
from icehouse.core.entries import Entry
from icehouse.core.errors import AlreadyArchiving, AlreadyRestoring, Conflict, Invalid, NotArchived, StoreError
from icehouse.core.refs import Ref, ref_address
from icehouse.core.restores import RestoreAccepted, RestoreRequest, Tier
from icehouse.core.states import State
from icehouse.core.text import safe
from icehouse.stores.changing import NotTaken

from . import describing
from .client import Answer, Client
from .projects import Project, Projects
from .rules import RATES, RESTORE_RULES, cold_word
from .sending import Batch, Taken, in_batches


def archive(
    client: Client, projects: Projects, requests: Sequence[ArchiveRequest]
) -> Iterator[ArchiveAccepted | NotTaken]:
    """One result per request; nothing is sent until the first is asked for."""
    for all_copies in (False, True):
        refs = [request.ref for request in requests if request.all_copies is all_copies]
        by_container, without = in_batches(refs)
        yield from without
        for container, some in by_container.items():

            def send(files: Sequence[str], container: str = container, all_copies: bool = all_copies) -> Answer:
                what = f"{client.store}:{container}"
                return client.ask(f"{container}/archive", what, files=files, allCopies=all_copies)

            batch = Batch(client, projects, container, send, _not_archivable, _is_going_cold, "count")
            for result in batch.carry_out(some):
                yield _archived(result)


def restore(
    client: Client, projects: Projects, requests: Sequence[RestoreRequest]
) -> Iterator[RestoreAccepted | NotTaken]:
    """One result per request; nothing is sent until the first is asked for."""
    for tier in (None, *Tier):
        fitting: list[Ref] = []
        for request in requests:
            if request.tier is tier and request.days is not None:
                yield NotTaken(request.ref, Invalid(f"{ref_address(request.ref)}: comes back for good, not for days"))
            elif request.tier is tier:
                fitting.append(request.ref)
        by_container, without = in_batches(fitting)
        yield from without
        for container, some in by_container.items():
            if tier is None:
                results = _call_off(client, projects, container, some)
            else:
                results = _batch(client, projects, container, tier).carry_out(some)
            for result in results:
                yield _coming(result)


def unarchive(client: Client, project: Project, tier: Tier | None, files: Sequence[str], *, dry_run: bool) -> Answer:
    """One call for files of one project.  A dry run is free of effect and repeated; anything else is tried once.

    Invalid says where it is the rate that is refused: RateRefused.
    """
    rate = {"rate": RATES[tier]} if tier is not None else {}
    call = client.read if dry_run else client.ask
    what = f"{client.store}:{project.id}"
    try:
        return call(f"{project.id}/unarchive", what, files=files, dryRun=dry_run, **rate)
    except Invalid as refused:
        rule = RESTORE_RULES.get(cold_word(project.cloud))
        if tier is None or rule is None or tier in rule.windows:
            raise
        line = f"{what}: {RATES[tier]} is not offered in {safe(project.region)}"
        failure = RateRefused(line, words=refused.words, request_id=refused.request_id)
    raise failure


class RateRefused(Invalid):
    """The rate is not offered where the project is, whatever the files."""


def _batch(client: Client, projects: Projects, container: str, tier: Tier | None) -> Batch:
    def send(files: Sequence[str]) -> Answer:
        return unarchive(client, projects.of(container), tier, files, dry_run=False)

    unfit = _not_restorable if tier is not None else _not_callable_off
    done = _is_coming if tier is not None else _is_live
    return Batch(client, projects, container, send, unfit, done, "files", about_call=RateRefused)


def _call_off(client: Client, projects: Projects, container: str, refs: Sequence[Ref]) -> Iterator[Taken | NotTaken]:
    """Only files that are still archival are sent: for one that has gone cold it would be a restore, which costs."""
    still: list[Ref] = []
    for described in describing.describe(client, projects, refs):
        if described.entry is None:
            yield NotTaken(described.ref, described.error or Conflict(f"{ref_address(described.ref)}: not told"))
        elif (why := _not_callable_off(described.entry)) is not None:
            yield NotTaken(described.ref, why)
        else:
            still.append(described.ref)
    if still:
        yield from _batch(client, projects, container, None).carry_out(still)


def _not_archivable(entry: Entry) -> StoreError | None:
    what = ref_address(entry.ref)
    unfit = sorted(entry.traits & BLOCKING)
    if unfit:
        return Conflict(f"{what}: {BLOCKING_WORDS[unfit[0]]}")
    if _is_going_cold(entry):
        return AlreadyArchiving(f"{what}: {entry.standing.word} already")
    if entry.standing.state is not State.LIVE:
        return Conflict(f"{what}: {entry.standing.word or 'its state is not known'}, not live")
    return None


def _not_restorable(entry: Entry) -> StoreError | None:
    what, state = ref_address(entry.ref), entry.standing.state
    if state is State.LIVE:
        return NotArchived(f"{what}: not archived")
    if state is State.RESTORING:
        return AlreadyRestoring(f"{what}: is being brought back already")
    return None


def _not_callable_off(entry: Entry) -> StoreError | None:
    if entry.standing.state is State.ARCHIVED:
        return Conflict(
            f"{ref_address(entry.ref)}: has gone cold meanwhile; to bring it back is a restore, which costs"
        )
    if entry.standing.state is State.ARCHIVING:
        return None
    return _not_restorable(entry) or Conflict(f"{ref_address(entry.ref)}: its state is not known")


def _is_going_cold(entry: Entry) -> bool:
    return entry.standing.state in (State.ARCHIVING, State.ARCHIVED)


def _is_coming(entry: Entry) -> bool:
    return entry.standing.state is State.RESTORING


def _is_live(entry: Entry) -> bool:
    return entry.standing.state is State.LIVE


def _archived(result: Taken | NotTaken) -> ArchiveAccepted | NotTaken:
    if isinstance(result, NotTaken):
        return result
    return ArchiveAccepted(result.ref, result.request_id, result.at)


def _coming(result: Taken | NotTaken) -> RestoreAccepted | NotTaken:
    if isinstance(result, NotTaken):
        return result
    return RestoreAccepted(result.ref, False, result.request_id, result.at)
