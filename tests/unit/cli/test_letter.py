"""What is mailed is safe to show, and holds no link that works."""

from __future__ import annotations

import pytest

from icehouse.cli.letter import Letter, plain


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("see https://b.s3.amazonaws.com/k?X-Amz-Signature=ab12 there", "see https://b.s3.amazonaws.com/… there"),
        ("https://dl.dnanex.us/F/D/secret/reads.fq", "https://dl.dnanex.us/…"),
        ("HTTPS://user:secret@host.example/a", "HTTPS://host.example/…"),
        ("<http://host?secret>", "<http://host/…"),
        ("http://127.0.0.1:9 can't be reached", "http://127.0.0.1:9 can't be reached"),
        ("b.s3.amazonaws.com/k?X-Amz-Signature=ab12", "b.s3.amazonaws.com/k?X-Amz-Signature=…"),
        ("lab-s3:bucket/a/b/", "lab-s3:bucket/a/b/"),
        ("\x1b[31mred\r\n", "\\x1b[31mred\\x0d\\x0a"),
    ],
)
def test_outside_text_is_told_without_links_and_without_power(text: str, told: str) -> None:
    assert plain(text) == told


def test_a_letter_says_the_same_as_text_and_as_html() -> None:
    letter = Letter()
    letter.say("two lines", "<b>&amp;")
    letter.command("icehouse --config 'a b'")
    letter.table("of folders:", ("name", "size"), [("long" * 30, "1"), ("é<i>", "1,000")], right=(1,))
    assert letter.text == (
        "two lines\n<b>&amp;\n\n"
        "    icehouse --config 'a b'\n\n"
        f"of folders:\n  name{' ' * 76}   size\n  {('long' * 30)[:79]}…      1\n  é<i>{' ' * 76}  1,000\n"
    )
    assert "two lines<br>&lt;b&gt;&amp;amp;" in letter.html
    assert "<pre>icehouse --config &#x27;a b&#x27;</pre>" in letter.html
    assert "<td align=left>é&lt;i&gt;</td><td align=right>1,000</td>" in letter.html
