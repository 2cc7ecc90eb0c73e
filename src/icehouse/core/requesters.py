"""Who asked: the operator's own side, another account, a scanner of links, or nobody that could be told."""

from __future__ import annotations

import re
from enum import Enum
from fnmatch import fnmatchcase, translate
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from .evidence import Ours

_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_ARN: Final = re.compile(r"arn:[a-z-]+:[a-z0-9-]+:[^:]*:([0-9]{12}):")
_CANONICAL: Final = re.compile(r"[0-9a-f]{64}")
_PAYER: Final = re.compile(r"\(([^()]*)\)\Z")
_WILD: Final = re.compile(r"[*?[]")
_CACHED: Final = 65_536

SCANNERS: Final = (
    # Scanners of mail: they open what is in a mail before, or whenever, its reader does.
    "safelinks", "microsoft office", "ms-office", "microsoft outlook", "exchangeservices", "proofpoint", "urldefense",
    "mimecast", "barracuda", "symantec", "messagelabs", "fireeye", "trellix", "trendmicro", "trend micro", "ironport",
    "cisco", "sophos", "forcepoint", "websense", "fortiguard", "fortinet", "bitdefender", "kaspersky", "mcafee",
    "zscaler", "avanan", "abnormal security", "paloalto", "palo alto", "netcraft",
    "google-safety", "safebrowsing", "urlscan", "virustotal", "phishtank", "censys", "expanse",
    # Previews of links in chats and mail programs.
    "bingpreview", "googleimageproxy", "google-pagerenderer", "googledocs", "yahoomailproxy", "slackbot",
    "slack-imgproxy", "skypeuripreview", "facebookexternalhit", "facebot", "linkedinbot", "twitterbot", "whatsapp",
    "telegrambot", "discordbot", "mattermost", "rocket.chat", "zulipurlpreview", "viber", "iframely", "embedly",
    "redditbot", "pinterest", "vkshare", "applebot", "outbrain", "synapse (bot", "nextcloud-link", "bitlybot",
    # Crawlers.
    "googlebot", "bingbot", "yandexbot", "baiduspider", "duckduckbot", "ahrefsbot", "semrushbot", "slurp", "petalbot",
    "headlesschrome", "phantomjs",
)  # fmt: skip
"""What in a user agent, in lower case, tells of a program that opens links for nobody: no person, and no download."""

_SCANS: Final = re.compile("|".join(re.escape(each) for each in SCANNERS) + r"|(?<!cu)bot\b|\b(?:crawler|spider)\b")


class Whose(Enum):
    """Whose a request with credentials is."""

    OURS = "ours"
    OTHERS = "others"
    UNKNOWN = "unknown"


class Side:
    """The operator's own side, made ready to be asked about millions of requests."""

    def __init__(self, ours: Ours) -> None:
        """Take up who is ours; networks are taken as checked, ValueError where one is none.

        A requester that is an account's number, or a glob that takes everybody in one, makes that account ours.  It
        does not make other accounts comparable: who knows a second account of ours need not know our own.
        """
        self._accounts = ours.accounts | {account for account in map(_whole_account, ours.requesters) if account}
        self._numbers = any(_ACCOUNT.fullmatch(each) for each in ours.accounts)
        self._canonical = any(_CANONICAL.fullmatch(each) for each in ours.accounts)
        self._globs = tuple(re.compile(translate(each)) for each in ours.requesters)
        self._arns = tuple(glob for glob in ours.requesters if _like_arn(glob))
        self._networks = tuple(ip_network(each, strict=False) for each in ours.networks)
        self._whose: dict[str, Whose] = {}
        self._near: dict[str, bool] = {}

    def whose(self, requester: str) -> Whose:
        """Whose a request is that `requester` signed.

        UNKNOWN where nobody signed it, and where no account of ours is told in the way in which the requester is: a
        12-digit account, as in an ARN, can't be compared with a canonical id.  UNKNOWN as well where an account is told
        alone, and somebody in it may be one of our requesters.
        """
        found = self._whose.get(requester)
        if found is None:
            if len(self._whose) >= _CACHED:
                self._whose.clear()
            found = self._whose[requester] = self._decide(requester)
        return found

    def pays(self, place: str) -> bool:
        """Whether an account of ours pays for a place, of which the platform said ``PLACE (ACCOUNT)``.

        The last parentheses alone tell it: what a place is called its owner chose.
        """
        found = _PAYER.search(place)
        account = found[1] if found else place
        return account in self._accounts or self._fits(account)

    def near(self, address: str) -> bool:
        """Whether an address lies in one of our networks; what is no address does not."""
        if not self._networks or not address:
            return False
        found = self._near.get(address)
        if found is None:
            if len(self._near) >= _CACHED:
                self._near.clear()
            found = self._near[address] = _lies_in(address, self._networks)
        return found

    def _decide(self, requester: str) -> Whose:
        account = account_of(requester)
        if requester and (account in self._accounts or requester in self._accounts or self._fits(requester)):
            return Whose.OURS
        if _ACCOUNT.fullmatch(requester) and any(_may_be_of(requester, glob) for glob in self._arns):
            return Whose.UNKNOWN
        comparable = (self._numbers and _ACCOUNT.fullmatch(account)) or (
            self._canonical and _CANONICAL.fullmatch(account)
        )
        return Whose.OTHERS if comparable else Whose.UNKNOWN

    def _fits(self, requester: str) -> bool:
        return any(glob.match(requester) for glob in self._globs)


@lru_cache(maxsize=64)
def side_of(ours: Ours) -> Side:
    """The side of these, made once."""
    return Side(ours)


def _like_arn(glob: str) -> bool:
    """Whether an ARN may fit a glob."""
    return "arn:".startswith(_literal(glob)[:4])


def _whole_account(glob: str) -> str:
    """The account of which everybody fits a glob, "" where it is not that."""
    parts = glob.split(":")
    whole = len(parts) == 6 and parts[0] == "arn" and parts[5] == "*"
    account = parts[4] if whole else glob
    return account if _ACCOUNT.fullmatch(account) else ""


def _may_be_of(account: str, glob: str) -> bool:
    """Whether an ARN in `account` may fit a glob that some ARN may fit."""
    parts = glob.split(":")
    if len(parts) < 5:
        return True
    return fnmatchcase(account, parts[4]) if len(parts) > 5 else f"{account}:".startswith(_literal(parts[4]))


def _literal(glob: str) -> str:
    """What everything begins with that fits a glob."""
    return _WILD.split(glob, maxsplit=1)[0]


def account_of(requester: str) -> str:
    """The account in an ARN; of anything else that itself, as far as it could be one."""
    found = _ARN.match(requester)
    return found[1] if found else requester


@lru_cache(maxsize=_CACHED)
def scans(agent: str) -> bool:
    """Whether a user agent is that of a scanner, a preview or a crawler."""
    return _SCANS.search(agent.lower()) is not None


@lru_cache(maxsize=_CACHED)
def is_icehouse(agent: str) -> bool:
    """Whether a user agent is ours."""
    return "icehouse" in agent.lower()


def like_browser(agent: str) -> bool:
    """Whether nothing tells an agent from a person's browser: it says so, or says nothing."""
    return not agent or agent.startswith("Mozilla/")


def _lies_in(address: str, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        return any(found in each or found.ipv4_mapped in each for each in networks)
    return any(found in each for each in networks)
