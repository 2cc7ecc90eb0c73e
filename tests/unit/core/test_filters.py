"""What the words of a filter mean: nothing that looks like a condition is ever taken for a text of names."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icehouse.core.errors import UsageError
from icehouse.core.filters import InName, InState, OfClass, OfSize, Term, asked_terms, refuse_strange
from icehouse.core.states import State

STRANGE = (
    "older>1y", "age>30d", "class=GLACIER", "class>GLACIER", "type:x", "storage_class:GLACIER", "size:>1G", "size>abc",
    "size>1X", "size<1kk", "size>>1G", "size>", "size", "size=", "class:", "word:", ">1G", "<=1k", "last-modified<2020",
    "year=2019", "HTTP://x",
)  # fmt: skip


@pytest.mark.parametrize("text", [word for word in STRANGE if word != "size"])
@pytest.mark.parametrize("sign", ["", "!", "!!", "plate7 !"])
def test_what_looks_like_a_condition_and_is_none_is_refused_in_one_line_that_says_what_there_is(text: str, sign: str):
    with pytest.raises(UsageError) as told:
        asked_terms(sign + text)
    said = str(told.value)
    assert said.startswith((sign == "!!") * "!" + text[:12])
    for condition in ("state:cold", "class:GLACIER", "size>1G", '"quoted" it is text'):
        assert condition in said
    assert len(said) <= 80


@pytest.mark.parametrize("text", STRANGE)
def test_in_quotes_everything_is_text(text: str):
    assert asked_terms(f'"{text}"') == [Term(InName(text))]
    assert asked_terms(f'plate7 !"{text}"') == [Term(InName("plate7")), Term(InName(text), inverse=True)]


@given(st.text(min_size=1))
def test_every_text_can_be_looked_for_in_quotes(text: str):
    quoted = text.replace('"', '""')
    assert asked_terms(f'a "{quoted}" !"{quoted}" b')[1:3] == [Term(InName(text)), Term(InName(text), inverse=True)]


@pytest.mark.parametrize(
    "text", ["plate7", "!", "7:x", "img7=x", "a.b", "10:30", "it's", 'a"b', "lot 7", "été", ":x", "100%", "a_b-c"]
)
def test_other_words_are_text_as_they_are(text: str):
    assert asked_terms(text) == [Term(InName(word)) for word in text.split()]


@pytest.mark.parametrize("text", ['"a', '!"a', '!!"older>1y"', '"a"b', '""', '!""', '"'])
def test_a_quote_that_is_not_closed_or_holds_nothing_is_refused(text: str):
    with pytest.raises(UsageError, match="quote"):
        asked_terms(text)


def test_the_conditions_that_there_are():
    assert asked_terms("STATE:Archived !state:way CLASS:glacier word:GLACIER !SIZE>=1.5kib size=7") == [
        Term(InState((State.ARCHIVED,))),
        Term(InState((State.ARCHIVING, State.RESTORING)), inverse=True),
        Term(OfClass("glacier")),
        Term(OfClass("GLACIER")),
        Term(OfSize(">=", Fraction(1536)), inverse=True),
        Term(OfSize("=", Fraction(7))),
    ]
    assert asked_terms("a a !a") == [Term(InName("a")), Term(InName("a"), inverse=True)]


def test_a_class_that_no_store_has_is_refused_where_no_row_has_it():
    for text in ("!class:GLACER", "class:GLACER", "word:glacer"):
        with pytest.raises(UsageError, match="no such class; there is DEEP_ARCHIVE, STANDARD"):
            refuse_strange(text, ["STANDARD", "", "DEEP_ARCHIVE"])
    refuse_strange("class:glacier !class:Deep_Archive class:archival", [])
    refuse_strange("class:cold-TIER", ["Cold-Tier"])
    with pytest.raises(UsageError, match="there is GLACIER"):
        refuse_strange("class:cold-tier", [])
