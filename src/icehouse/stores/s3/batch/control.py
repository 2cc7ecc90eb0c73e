"""S3 Control as this package asks it: in whose account, and why it can't be asked at all."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from icehouse.core.errors import Invalid, StoreError, Unavailable

from ..client import Answer, Client
from ..options import BatchOptions, control_endpoint, is_loopback

_ACCOUNT = re.compile(r"[0-9]{12}")

JOB_ID = re.compile(r"[A-Za-z0-9_-]{5,36}")
"""What S3 calls a job."""


class Control:
    """The jobs of one account; `login` asks for the account of the credentials, where there is such a thing."""

    def __init__(self, client: Client, login: Callable[[], str]) -> None:
        """Nothing is asked yet."""
        self.client = client
        self._login = login
        self._lock = threading.Lock()
        self._account: str | None = None
        self._checked = False

    @property
    def batch(self) -> BatchOptions:
        """What the config says.  Invalid where it says nothing."""
        if self.client.options.batch is None:
            raise Invalid(f"{self.client.store}: {self._no_table()}")
        return self.client.options.batch

    @property
    def account(self) -> str:
        """The account that the jobs are of.  Invalid where nothing can be asked, as `lack` says."""
        if words := self._lacks():
            raise Invalid(f"{self.client.store}: {words}")
        assert self._account is not None
        return self._account

    def ask(self, operation: str, what: str, **members: Any) -> Answer:
        """One call that changes something, tried once."""
        return self.client.ask_control(operation, what, AccountId=self.account, **members)

    def read(self, operation: str, what: str, **members: Any) -> Answer:
        """One call that is free of effect."""
        return self.client.read_control(operation, what, AccountId=self.account, **members)

    def lack(self) -> str:
        """Why nothing can be handed over, "" where it can as far as is known."""
        try:
            return self._lacks()
        except StoreError as error:
            return str(error)

    def _lacks(self) -> str:
        """What the config lacks, or this machine; looked at until it is nothing."""
        client = self.client
        if client.options.batch is None:
            return self._no_table()
        with self._lock:
            if self._checked:
                return ""
            endpoint = control_endpoint(client.options, None if client.on_aws else client.endpoint)
            if endpoint is None and not client.on_aws:
                return f"this server is not AWS: write endpoint_url of its S3 Control in [stores.{client.store}.batch]"
            account = client.options.batch.account or self._login()
            if not _ACCOUNT.fullmatch(account):
                return f"write account, its 12 digits, in [stores.{client.store}.batch]"
            if endpoint is not None and is_loopback(endpoint):
                name = f"{account}.{urlsplit(endpoint).hostname}"
                if not _is_here(name):
                    return f"the name {name} does not lead to this machine"
            self._account, self._checked = account, True
            return ""

    def _no_table(self) -> str:
        return f"write [stores.{self.client.store}.batch] with role and manifests in the config"


def _is_here(name: str) -> bool:
    try:
        found = socket.getaddrinfo(name, 80, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return bool(found) and all(ip_address(str(each[4][0]).partition("%")[0]).is_loopback for each in found)


def job_id(store: str, id: str) -> str:
    """`id` as S3 may be asked for it.  Invalid where no job is called so."""
    if not JOB_ID.fullmatch(id):
        raise Invalid(f"{store}: no job can have that id")
    return id


def at_of(answer: Answer, what: str) -> Any:
    """The store's time of an answer.  Unavailable where it does not tell."""
    if answer.at is None:
        raise Unavailable(f"{what}: the answer is broken", words="no date")
    return answer.at
