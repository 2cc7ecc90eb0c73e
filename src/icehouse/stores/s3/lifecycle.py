"""What falls cold, or goes, before a given time, by the rules of its bucket or with the end of a restored copy.

Where a rule may hit and it can't be known that it does not, it does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from icehouse.core.clock import Instant
from icehouse.core.entries import Entry
from icehouse.core.errors import Denied, Invalid, NotFound, NotSupported, StoreError
from icehouse.core.refs import Ref
from icehouse.core.states import State

from .client import Client
from .rules import IT
from .states import COLD_CLASSES

_NONE = ("NoSuchLifecycleConfiguration", "NoSuchConfiguration")
"""What S3 answers where there are no rules."""

_SMALLEST = 128 << 10
"""Smaller objects stay where they are, unless a rule or the bucket says otherwise."""

_WARMEST = ("GLACIER", "DEEP_ARCHIVE")
"""The cold classes, from which no rule moves an object to one before it."""

_COLD_BY_ITSELF = frozenset({State.ARCHIVED, State.ARCHIVING, State.RESTORING})

_MOST_PAGES = 50


@dataclass(frozen=True, slots=True)
class _Rule:
    """One thing that a rule does: to objects under `prefix` with all `tags` and a size in between.

    It does so `days` after they were written, or at `date`; `to` is the class that they move to, "" where they go.
    """

    words: str
    prefix: str
    tags: frozenset[tuple[str, str]]
    above: int
    below: int | None
    days: int | None
    date: Instant | None
    to: str = ""

    def may_hit(self, entry: Entry, until: Instant) -> bool:
        """Whether that happens to `entry` before `until`, its tags aside."""
        if self.to in _WARMEST and entry.standing.word in _WARMEST[_WARMEST.index(self.to) :]:
            return False  # it is there already, or colder
        if not entry.ref.key.startswith(self.prefix) or entry.size <= self.above:
            return False
        if self.below is not None and entry.size >= self.below:
            return False
        if self.date is not None:
            return self.date < until
        return entry.modified is None or entry.modified + timedelta(days=self.days or 0) < until


def cooling(client: Client, entries: Sequence[Entry], until: Instant) -> Iterator[tuple[Ref | None, str]]:
    """What will fall cold before `until`, each once with words; None for what could not be asked."""
    readable = [entry for entry in entries if entry.standing.state not in _COLD_BY_ITSELF]
    left: list[Entry] = []
    for entry in readable:
        ends = entry.standing.until
        if entry.standing.state is State.RESTORED and (ends is None or ends < until):
            yield (
                entry.ref,
                "its restored copy ends" + (f" {ends:%Y-%m-%d %H:%M} UTC" if ends else ", nobody tells when"),
            )
        else:
            left.append(entry)
    for bucket in dict.fromkeys(entry.ref.container for entry in left):
        yield from _by_rules(client, bucket, [entry for entry in left if entry.ref.container == bucket], until)


def _by_rules(
    client: Client, bucket: str, entries: Sequence[Entry], until: Instant
) -> Iterator[tuple[Ref | None, str]]:
    rules: list[_Rule] = []
    tiers: list[_Rule] = []
    try:
        rules = _lifecycle(client, bucket)
    except StoreError as error:
        yield None, _unread("lifecycle rules", error)
    if any(entry.standing.word == IT for entry in entries):
        try:
            tiers = _archive_tiers(client, bucket)
        except StoreError as error:
            yield None, _unread("archive tiers", error)
    doubtful: list[tuple[Entry, list[_Rule]]] = []
    for entry in entries:
        hits = [rule for rule in rules if rule.may_hit(entry, until)]
        if entry.standing.word == IT:
            hits += [rule for rule in tiers if rule.may_hit(entry, until)]
        sure = next((rule for rule in hits if not rule.tags), None)
        if sure is not None:
            yield entry.ref, sure.words
        elif hits:
            doubtful.append((entry, hits))
    with ThreadPoolExecutor(client.options.parallel, thread_name_prefix="s3-tags") as pool:
        for (entry, hits), tags in zip(
            doubtful, pool.map(lambda each: _tags(client, each[0].ref), doubtful), strict=True
        ):
            hit = next((rule for rule in hits if tags is None or rule.tags <= tags), None)
            if hit is not None:
                yield entry.ref, hit.words + (", if its tags fit, which can't be read" if tags is None else "")


def _unread(what: str, error: StoreError) -> str:
    if isinstance(error, Denied):
        return f"its {what} can't be read"
    return f"its {what} can't be read: {error.words or error.line}"


def _lifecycle(client: Client, bucket: str) -> list[_Rule]:
    """The rules that make something cold or delete it; those about versions that were replaced are left out.

    What was looked at just now is current: such a rule begins to count when somebody puts another in its place.
    """
    members = _read(client, "GetBucketLifecycleConfiguration", bucket)
    smallest = _SMALLEST if members.get("TransitionDefaultMinimumObjectSize") == "all_storage_classes_128K" else 0
    found: list[_Rule] = []
    for rule in members.get("Rules") or ():
        if rule.get("Status") != "Enabled":
            continue
        name = f" (lifecycle rule {rule.get('ID') or 'without a name'})"
        for move in rule.get("Transitions") or ():
            if move.get("StorageClass") in COLD_CLASSES:
                words = f"becomes {move['StorageClass']} {_when(move)}{name}"
                found.append(_rule(rule, words, move.get("Days"), move.get("Date"), smallest, move["StorageClass"]))
        end = rule.get("Expiration") or {}
        if end.get("Days") is not None or end.get("Date") is not None:
            found.append(_rule(rule, f"is deleted {_when(end)}{name}", end.get("Days"), end.get("Date"), 0))
    return found


def _archive_tiers(client: Client, bucket: str) -> list[_Rule]:
    """When objects of Intelligent-Tiering go to an archive tier, if nobody reads them since they were written."""
    found: list[_Rule] = []
    token: str | None = None
    for _ in range(_MOST_PAGES):
        members = _read(client, "ListBucketIntelligentTieringConfigurations", bucket, ContinuationToken=token)
        for each in members.get("IntelligentTieringConfigurationList") or ():
            days = [int(tier["Days"]) for tier in each.get("Tierings") or () if "Days" in tier]
            if each.get("Status") == "Enabled" and days:
                words = f"goes to an archive tier after {min(days)} days without a reader ({each.get('Id')})"
                found.append(_rule(each, words, min(days), None, _SMALLEST))
        token = members.get("NextContinuationToken")
        if not members.get("IsTruncated") or not token:
            break
    return found


def _read(client: Client, operation: str, bucket: str, **members: object) -> Mapping[str, Any]:
    """What a bucket's configuration says; nothing where there is none, or the server knows no such thing."""
    try:
        return client.read(operation, bucket, Bucket=bucket, **members).members
    except NotSupported:
        return {}
    except (Invalid, NotFound) as error:
        if error.words.startswith(_NONE):
            return {}
        raise


def _rule(whole: Mapping[str, Any], words: str, days: int | None, date: Any, smallest: int, to: str = "") -> _Rule:
    """One thing that the rule `whole` does; `smallest` counts where it says nothing of sizes."""
    told = whole.get("Filter") or {}
    both = told.get("And") or {}
    tags = [*(both.get("Tags") or ()), *([told["Tag"]] if told.get("Tag") else ())]
    above = _first(told.get("ObjectSizeGreaterThan"), both.get("ObjectSizeGreaterThan"))
    below = _first(told.get("ObjectSizeLessThan"), both.get("ObjectSizeLessThan"))
    by_size = above is not None or below is not None
    return _Rule(
        words,
        str(_first(told.get("Prefix"), both.get("Prefix"), whole.get("Prefix")) or ""),
        frozenset((str(tag["Key"]), str(tag["Value"])) for tag in tags),
        -1 if above is None and (by_size or not smallest) else smallest - 1 if above is None else int(above),
        None if below is None else int(below),
        days,
        _instant(date),
        to,
    )


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _when(move: Mapping[str, Any]) -> str:
    date = _instant(move.get("Date"))
    return f"on {date:%Y-%m-%d}" if date is not None else f"{move.get('Days') or 0} days after it was written"


def _instant(date: Any) -> Instant | None:
    if not isinstance(date, datetime):
        return None
    return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)


def _tags(client: Client, ref: Ref) -> frozenset[tuple[str, str]] | None:
    """The tags of an object, None where they can't be read."""
    try:
        answer = client.read("GetObjectTagging", ref.key, Bucket=ref.container, Key=ref.key, VersionId=ref.version)
    except StoreError:
        return None
    return frozenset((str(tag["Key"]), str(tag["Value"])) for tag in answer.members.get("TagSet") or ())
