"""Links by mail, at once and anew: what a recipient gets, what is told when a mail fails, and when new ones are due."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from icehouse.core.deliveries import HandedOut
from icehouse.core.evidence import Issue
from icehouse.core.refs import FolderRef
from icehouse.ledger import deliveries
from icehouse.services import deliver_links, deliver_mail
from icehouse.services.house import House, open_house
from icehouse.services.mail import NotSent
from icehouse.services.reissue import due, reissue_due
from tests.engine.handing import TO, hand_out, plant
from tests.engine.rooms import open_over
from tests.post import Post, parts
from tests.standin import StandIn

HOSTILE = 'x/<img src=x onerror="y">&.txt'


@pytest.fixture(scope="module")
def s3() -> Iterator[StandIn]:
    with StandIn("small") as standin:
        yield standin


@pytest.fixture(scope="module")
def post() -> Iterator[Post]:
    with Post() as server:
        yield server


@pytest.fixture(scope="module")
def house(s3: StandIn, post: Post, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as monkey:
        opened = open_over(s3, tmp_path_factory.mktemp("house"), monkey)
        opened.close()
        with opened.paths.config.open("a") as config:
            config.write(f'[mail]\nserver = "127.0.0.1"\nport = {post.port}\nfrom = "ice@example.org"\n')
            config.write('to = "ops@example.org"\nstarttls = false\n')
        opened = open_house(str(opened.paths.config), str(opened.paths.state))
        yield opened
        opened.close()


@pytest.fixture(autouse=True)
def _empty(post: Post) -> None:
    post.inbox.mails.clear()
    post.inbox.refuse = ""


def _whole_state(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_a_mail_of_links_goes_to_the_recipient_alone_with_every_name_escaped(
    house: House, s3: StandIn, post: Post
) -> None:
    plant(s3, "mailed", {HOSTILE: "STANDARD"})
    handed = hand_out(house, "lab-s3:mailed/x/", 3)
    issued = deliver_links.issue(house, handed, (deliver_links.MAILING,), seen=True)
    deliver_mail.send_links(house, issued)
    (mail,) = post.inbox.mails
    assert mail["X-To"] == TO
    text, html = parts(mail)
    url = issued.links[0].link.url
    assert url in text.splitlines()[4]
    assert "<img" not in html
    assert "&lt;img src=x" in html
    assert url.replace("&", "&amp;") in html
    assert [each.how for each in deliveries.issues(house.ledger(), handed.id)] == ["mailing", "mail"]
    assert b"X-Amz-Signature" not in _whole_state(house.paths.state)


def test_new_links_are_mailed_when_the_old_ones_die_within_a_day_and_no_sooner(
    house: House, s3: StandIn, post: Post
) -> None:
    plant(s3, "renewed", {"x/a": "STANDARD"})
    handed = hand_out(house, "lab-s3:renewed/x/", 20, mail=True)
    deliver_mail.send_links(house, deliver_links.issue(house, handed, (deliver_links.MAILING,), seen=True))
    assert reissue_due(house) == []
    s3.step(days=6, hours=1)
    (done,) = reissue_due(house)
    assert (done.delivery, done.recipient, done.links, done.error) == (handed.id, TO, 1, "")
    assert reissue_due(house) == []
    assert len(post.inbox.mails) == 2
    s3.step(days=6, hours=1)
    assert [each.error for each in reissue_due(house)] == [""]
    s3.step(days=6, hours=1)
    assert [each.error for each in reissue_due(house)] == [""]
    s3.step(days=1)
    assert reissue_due(house) == []  # the last ones live until the promise ends
    s3.step(days=3)
    assert reissue_due(house) == []


def test_a_mail_that_failed_is_told_and_tried_again_without_keeping_others_waiting(
    house: House, s3: StandIn, post: Post
) -> None:
    plant(s3, "failing", {"x/a": "STANDARD", "y/a": "STANDARD"})
    one = hand_out(house, "lab-s3:failing/x/", 20, mail=True)
    post.inbox.refuse = "451 try again later"
    issued = deliver_links.issue(house, one, (deliver_links.MAILING,), seen=True)
    with pytest.raises(NotSent):
        deliver_mail.send_links(house, issued)
    assert reissue_due(house) == []  # an hour after a failure at the soonest
    s3.step(hours=2)
    (failed,) = reissue_due(house)
    assert "451" in failed.error
    assert "X-Amz" not in failed.error
    two = hand_out(house, "lab-s3:failing/y/", 20, mail=True)
    s3.boto3_client().delete_object(Bucket="failing", Key="x/a")
    post.inbox.refuse = ""
    s3.step(hours=2)
    done = {each.delivery: each for each in reissue_due(house)}
    assert "is gone" in done[one.id].error
    assert (done[two.id].links, done[two.id].error) == (1, "")
    house.paths.stop.touch()
    assert reissue_due(house) == []
    house.paths.stop.unlink()


def test_two_that_look_at_once_do_not_both_mail(house: House, s3: StandIn, post: Post) -> None:
    plant(s3, "twice", {"x/a": "STANDARD"})
    handed = hand_out(house, "lab-s3:twice/x/", 20, mail=True)
    with (house.paths.locks / "reissue.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert reissue_due(house) == []
    assert handed.id in {each.delivery for each in reissue_due(house)}


NOW = datetime(2026, 11, 21, tzinfo=UTC)
HANDED = HandedOut(
    "0" * 12, FolderRef("s", "c", "x/"), TO, NOW, NOW + timedelta(days=30), 1, 1, "", "", "", noted=True, mail=True
)


def _issue(days: float, how: str = "mail", *, ago: float = 6) -> Issue:
    return Issue(HANDED.id, NOW - timedelta(days=ago), NOW + timedelta(days=days), "", how, 1)


@pytest.mark.parametrize(
    ("issues", "expected"),
    [
        ([], True),
        ([_issue(7)], False),
        ([_issue(0.9)], True),
        ([_issue(0.9), _issue(7, "mailing")], True),
        ([_issue(0.9), _issue(7, "printed")], True),
        ([_issue(0.9), _issue(7)], False),
        ([_issue(30)], False),
        ([_issue(0.1, ago=0.1)], False),
        ([_issue(7, "mailing", ago=0.01)], False),
        ([_issue(7, "mailing"), _issue(7, "unsure", ago=0.01)], False),
        ([_issue(7, "mailing"), _issue(7, "unsure")], True),
        ([_issue(7, "mailing"), _issue(7, "unsure"), _issue(7, "mailing"), _issue(7, "unsure")], False),
        ([_issue(1, "unsure"), _issue(1), _issue(1, "unsure")], True),
        ([_issue(1, "unsure"), _issue(1, "unsure")], True),
    ],
)
def test_only_links_that_a_server_took_count(issues: list[Issue], expected: bool) -> None:
    assert due(HANDED, issues, NOW) is expected
