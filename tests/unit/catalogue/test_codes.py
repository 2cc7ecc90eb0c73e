"""Objects by their codes: the same whichever way a span is asked."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from icehouse.catalogue.verdicts import chosen
from icehouse.catalogue.verdicts.codes import SPAN

CODES = st.lists(st.sampled_from([0, 1, 2, 256, 257, 512, 65535, 65534]), max_size=12)


class Few:
    """Spans of a few codes each."""

    def __init__(self, spans: list[list[int]]) -> None:
        self._spans = spans

    def span(self, span: int) -> array[int] | None:
        """The codes of one."""
        return array("H", self._spans[span])

    def spans(self, first: int = 0) -> Iterator[int]:
        """All of them."""
        return iter(range(first, len(self._spans)))


@given(st.lists(CODES, min_size=1, max_size=4), st.frozensets(st.sampled_from([0, 1, 256, 257, 65535]), min_size=1))
def test_a_span_that_has_none_of_the_codes_is_left_out_and_no_other(spans, wanted):
    found = [number for numbers in chosen.of_codes(Few(spans), wanted, 0) for number in numbers]
    every = [at * SPAN + i for at, codes in enumerate(spans) for i, code in enumerate(codes) if code in wanted]
    assert found == [number for number in every if number > 0]
