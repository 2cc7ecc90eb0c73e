"""Asking for objects one by one: HEADs in a bounded pool, results as they come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TYPE_CHECKING

from icehouse.core.entries import Described, Entry
from icehouse.core.errors import Denied, Invalid, LoginExpired, StoreError, Unavailable
from icehouse.core.refs import Ref, ref_address

from .client import Client
from .states import from_head, parse_timestamp

if TYPE_CHECKING:
    from .wire import WireAnswer


def describe(client: Client, refs: Sequence[Ref]) -> Iterator[Described]:
    """Each of `refs` by one HEAD, at most `parallel` at once and twice as many handed out.

    A login that ended, or a server that did not answer one of the last 2 x `parallel` calls, is not asked about the
    rest: they get the same error.
    """
    parallel = client.options.parallel
    waiting = iter(refs)
    refusals = _Refusals()
    silent = 0
    gone: StoreError | None = None
    pool = ThreadPoolExecutor(parallel, thread_name_prefix="s3-head")
    running: set[Future[Described]] = set()
    try:
        while gone is None:
            more = islice(waiting, parallel * 2 - len(running))
            running.update(pool.submit(describe_one, client, ref, refusals) for ref in more)
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                described = future.result()
                silent = silent + 1 if isinstance(described.error, Unavailable) else 0
                if isinstance(described.error, LoginExpired) or silent >= parallel * 2:
                    gone = described.error
                yield described
        for future in running:
            yield future.result()
        for ref in waiting:
            yield Described(ref, error=gone)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


class _Refusals:
    """Decides whether a bare refusal is looked into: the first few of a batch are, as a login may have ended."""

    def __init__(self) -> None:
        self._left = 3

    def worth_asking(self, refused: StoreError) -> bool:
        """Whether to ask again; an ended login is a 400 on AWS and always asked about."""
        self._left -= isinstance(refused, Denied)
        return isinstance(refused, Invalid) or self._left >= 0


def describe_one(client: Client, ref: Ref, refusals: _Refusals | None = None) -> Described:
    """`ref` by one HEAD (and a second call where the refusal came without words)."""
    what = ref_address(ref)
    try:
        query = () if ref.version is None else (("versionId", ref.version),)
        answer = client.wire.read("HEAD", what, ref.container, ref.key, query=query, operation="HeadObject")
        return Described(ref, entry=entry_of(ref, answer))
    except (Denied, Invalid) as refused:
        asks = refusals is None or refusals.worth_asking(refused)
        return Described(ref, error=_with_words(client, ref, refused) if asks else refused)
    except StoreError as error:
        return Described(ref, error=error)


def entry_of(ref: Ref, answer: WireAnswer) -> Entry:
    """The entry that a HEAD's answer tells.  Unavailable where the answer has no size, or a time that is none."""
    headers = answer.headers
    size, modified = headers.get("content-length", ""), headers.get("last-modified")
    if not (size.isascii() and size.isdigit()):
        raise Unavailable(f"{ref_address(ref)}: the answer is broken", words="a HEAD without Content-Length")
    try:
        when = None if modified is None else parse_timestamp(modified)
    except ValueError:
        raise Unavailable(f"{ref_address(ref)}: the answer is broken", words=f"modified at {modified}") from None
    return Entry(
        ref=ref,
        size=int(size),
        modified=when,
        etag=headers.get("etag", "").strip('"'),
        standing=from_head(headers, answer.at),
        asked="describe",
    )


def _with_words(client: Client, ref: Ref, refused: StoreError) -> StoreError:
    """The answer to a HEAD has no body: a login that ended looks like a wrong request.  A listing of nothing tells."""
    try:
        client.ask("ListObjectsV2", ref_address(ref), Bucket=ref.container, Prefix=ref.key, MaxKeys=0)
    except LoginExpired as ended:
        return ended
    except StoreError:
        pass
    return refused
