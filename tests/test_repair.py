"""What people do to logs, undone: never a wrong value, always the raw lines (R38 and the forms people post)."""

from __future__ import annotations

import html
import json
import random
import textwrap

import pytest

from tdparse import mending
from tdparse.model import Item, Segment, Skipped
from tdparse.repair import Mender

SYN = (
    "12:00:00.000001 IP 192.0.2.1.40000 > 192.0.2.2.80: Flags [S], seq 1228404592, win 29200, "
    "options [mss 1460,sackOK,TS val 28290070 ecr 0,nop,wscale 7], length 0"
)
DATA = (
    "12:00:00.020000 IP 192.0.2.1.40000 > 192.0.2.2.80: Flags [P.], seq 1:357, ack 1, win 502, "
    "options [nop,nop,TS val 28290090 ecr 6210001], length 356"
)
VERBOSE = (
    "12:00:00.030000 IP (tos 0x0, ttl 64, id 33929, offset 0, flags [DF], proto TCP (6), length 60)",
    "    192.0.2.1.40000 > 192.0.2.2.80: Flags [.], cksum 0x1a2b (correct), ack 2, win 502, length 0",
)
NAMED = SYN.replace("192.0.2.2.80", "www.example.com.http")
EPOCH = f"1700000000.020000 {DATA.partition(' ')[2]}"
VERBOSE_DATA = VERBOSE[1].replace("length 0", "options [nop,nop,TS val 28290090 ecr 6210001], length 0")
LONG = "12:00:00.050000 IP 192.0.2.1.40000 > 192.0.2.2.80: Flags [.], seq 1:5841, ack 1, win 502, length 5840"
INCORRECT = "\n".join(VERBOSE).replace("(correct)", "(incorrect -> 0xfef2)")
OLD = "12:00:00.040000 192.0.2.1.40000 > 192.0.2.2.80: P 1:203(202) ack 1 win 8192 <nop,nop,timestamp 13 12> (DF)"
BARE = OLD.partition(" ")[2]


def read(*lines: str) -> list[Item]:
    """Return all items of a log."""
    mender = Mender()
    return [*(item for line in lines for item in mender.feed(line)), *mender.flush()]


def only(*lines: str) -> Segment:
    """Return the one segment of a log."""
    (segment,) = (item for item in read(*lines) if isinstance(item, Segment))
    return segment


def _quoted(header: str, rest: str, width: int) -> list[str]:
    """Return the two lines of a record as a mail program wraps them, and quotes them in an answer."""
    return [f"> {line}" for text in (header, rest) for line in textwrap.wrap(text, width)]


def values(segment: Segment) -> tuple[object, ...]:
    """Return what a segment says, without where it stood and what was done to it."""
    return segment._replace(line=0, lines=0, text="", layer=None)


OLD_SYN = "12:00:00.000001 192.0.2.1.40000 > 192.0.2.2.80: S 1228404592:1228404592(0) win 29200 <mss 1460,nop,wscale 7>"


@pytest.mark.parametrize("mark", ["", "> ", "\t"])
@pytest.mark.parametrize("count", [1, 3])
def test_options_of_old_records_may_stand_in_a_line_of_their_own(mark: str, count: int) -> None:
    """A SYN of 3.x is a record even without them; once a log is known to be wrapped, so is any other record."""
    whole = [OLD_SYN, *[OLD.removesuffix(" (DF)")] * (count - 1)]
    parts = [mark + part for record in whole for part in record.replace(" <", "\n<").split("\n")]
    found = [item for item in read(*parts) if isinstance(item, Segment)]
    assert [values(one) for one in found] == [values(only(record)) for record in whole]
    assert [(one.line, one.lines) for one in found] == [(2 * place + 1, 2) for place in range(count)]
    assert all(one.layer is not None and "wrapped" in one.layer.repairs for one in found)


def test_every_other_line_may_be_empty() -> None:
    """A page that doubles line breaks parts the two lines of -v; where two are empty, something else begins."""
    found = only(VERBOSE[0], "", VERBOSE[1], "")
    assert values(found) == values(only(*VERBOSE))
    assert (found.line, found.lines, found.time) == (1, 3, VERBOSE[0][:15])
    twice = read(*VERBOSE, "", VERBOSE[0], "", VERBOSE[1], "", SYN)
    assert [item.line for item in twice if isinstance(item, Segment)] == [1, 4, 8]
    assert only(VERBOSE[0], "", "", VERBOSE[1]).time is None


def test_a_log_of_old_records_that_is_wrapped_anywhere_has_options_in_lines_of_their_own() -> None:
    """One record that goes on in the next line tells that others may; blanks at the end of a line say nothing."""
    data = OLD.removesuffix(" (DF)")
    broken = [data[: data.index("ack")], data[data.index("ack") :], data[: data.index("<")], data[data.index("<") :]]
    found = [item for item in read(*broken) if isinstance(item, Segment)]
    assert [values(one) for one in found] == [values(only(data))] * 2
    bare = OLD_SYN[: OLD_SYN.index("<")].partition(" ")[2]
    syn = only(bare, f"{OLD_SYN[OLD_SYN.index('<') :]} ")
    assert (syn.lines, syn.options_text) == (2, "mss 1460,nop,wscale 7")


@pytest.mark.parametrize(
    "text",
    [
        "12:00:00.040000 192.0.2.2.80: S 7:7(0) win 9",  # no sender
        "1700000000.040000 192.0.2.2.80: S 7:7(0) win 9",
        "see www.example.com www.example.org: Flags of both",
    ],
)
def test_no_arrow_is_put_where_none_was(text: str) -> None:
    """A time sends nothing, and prose names pages."""
    assert not any(isinstance(item, Segment) for item in read(text))


def test_a_listing_in_columns_has_its_times() -> None:
    """Numbers and times stand before the records, what did not fit below them."""
    found = read(
        "1    0.0                   192.0.2.1.1037 > 192.0.2.2.9: S 7531521:7531521(0)",
        "                                                       win 4096 <mss 1024>",
        "2    0.002402 (0.0024)     192.0.2.2.9 > 192.0.2.1.1037: S 9083521:9083521(0)",
        "                                                       ack 7531522 win 4096 <mss 1024>",
        "3    4.155441 (4.1530)     192.0.2.1.1037 > 192.0.2.2.9: . ack 1 win 4096",
    )
    segments = [item for item in found if isinstance(item, Segment)]
    assert [(one.line, one.lines, one.time, one.ack) for one in segments] == [
        (1, 2, "0.000000", None), (3, 2, "0.002402", 7531522), (5, 1, "4.155441", 1),
    ]  # fmt: skip


def test_a_listing_in_columns_may_have_no_windows() -> None:
    """What did not fit stands below, and is joined before the record is taken for one without it."""
    found = read(
        "1 0.0                   192.0.2.1.1099 > 192.0.2.2.88: S 671112193:671112193(0)",
        "                                               <mss 1024>",
        "2 0.004975 (0.0050)     192.0.2.2.88 > 192.0.2.1.1099: S 3224959489:3224959489(0)",
        "                                               ack 671112194 <mss 1024>",
        "3 0.006656 (0.0017)     192.0.2.1.1099 > 192.0.2.2.88: . ack 1",
        "4 4.833073 (4.8264)     192.0.2.1.1099 > 192.0.2.2.88: P 1:14(13) ack 1",
        "12 bytes and a line feed",
        "5 5.026224 (0.1932)     192.0.2.2.88 > 192.0.2.1.1099: . ack 14",
        "6 9.527634 (4.5014)     192.0.2.1.1099 > 192.0.2.2.88: R 14:14(0) ack 1",
    )
    segments = [item for item in found if isinstance(item, Segment)]
    assert [(one.line, one.lines, one.flags, one.ack, one.options_text) for one in segments] == [
        (1, 2, "S", None, "mss 1024"), (3, 2, "S.", 671112194, "mss 1024"), (5, 1, ".", 1, None), (6, 1, "P.", 1, None),
        (8, 1, ".", 14, None), (9, 1, "R.", 1, None),
    ]  # fmt: skip
    assert {one.window for one in segments} == {None}
    assert all(one.layer is not None and "abridged" in one.layer.repairs for one in segments)


@pytest.mark.parametrize("behind", [[], ["bye"], [DATA], [OLD], [OLD_SYN[: OLD_SYN.index(" <")]], ["<html>"]])
def test_an_old_syn_may_have_no_options(behind: list[str]) -> None:
    """It is held for one line, which stands for itself."""
    bare = OLD_SYN[: OLD_SYN.index(" <")]
    items = read(bare, *behind)
    assert [str(item) if isinstance(item, Segment) else item.raw for item in items] == [bare, *behind]
    assert [item.line for item in items] == [*range(1, len(behind) + 2)]


@pytest.mark.parametrize(
    ("lines", "clean", "repairs"),
    [
        ([f"> {SYN}"], SYN, ("quoted",)),
        ([f"> >> {SYN}"], SYN, ("quoted",)),
        ([f"   | {SYN}"], SYN, ("quoted",)),
        ([f"* {SYN}"], SYN, ("quoted",)),
        ([f"// {SYN}"], SYN, ("quoted",)),
        ([f"* `{SYN}`"], SYN, ("quoted",)),
        ([f'"{SYN}",'], SYN, ("prefix",)),
        ([f"“{SYN}”"], SYN, ("prefix",)),
        ([f"\t{SYN}"], SYN, ("spaces", "quoted")),
        ([f"\t{VERBOSE[1].lstrip()}"], VERBOSE[1].lstrip(), ("spaces", "quoted")),
        ([f"17: {SYN}"], SYN, ("quoted",)),
        ([f"    3.{SYN}"], SYN, ("quoted",)),
        ([f"Jan 20 08:04:34 host tcpdump[123]: {SYN}"], SYN, ("prefix",)),
        ([f"pod-7d4b9 | {SYN}"], SYN, ("prefix",)),
        ([html.escape(SYN)], SYN, ("entities",)),
        ([html.escape(html.escape(SYN))], SYN, ("entities",)),
        ([SYN.replace(", ", ",")], SYN, ("spacing",)),
        ([f"# {DATA.replace('.020000 ', '.020 ')}"], DATA, ("abridged", "quoted")),
        ([SYN.replace(",sackOK,TS", ", sackOK, TS")], SYN, ("spacing",)),
        ([f"\x1b[01;31m{SYN}\x1b[0m"], SYN, ("colours",)),
        ([f"\ufeff{SYN}"], SYN, ("invisible",)),
        ([SYN.replace(" > ", "\u00a0>\u00a0")], SYN, ("spaces",)),
        ([SYN.replace("tfo", "").replace("mss 1460", "[b]mss 1460[/b]")], SYN, ("tags",)),
        ([SYN.replace(" > ", " >")], SYN, ("spacing",)),
        (textwrap.wrap(SYN, 72), SYN, ("wrapped",)),
        (textwrap.wrap(f" {SYN}", 72, drop_whitespace=False), f" {SYN}", ("wrapped",)),
        ([f"> {line}" for line in textwrap.wrap(DATA, 60)], DATA, ("quoted", "wrapped")),
        ([f"> {line}" for line in textwrap.wrap(OLD, 70)], OLD, ("quoted", "wrapped")),
        ([f"> {line}" for line in VERBOSE], "\n".join(VERBOSE), ("quoted",)),
        ([VERBOSE[0], VERBOSE[1].lstrip()], "\n".join(VERBOSE), ("spaces",)),
        (
            [VERBOSE[0], VERBOSE[1].replace(", length", ", options [nop, nop, TS val 1 ecr 2], length")],
            "\n".join(VERBOSE).replace("502, length", "502, options [nop,nop,TS val 1 ecr 2], length"),
            ("spacing",),
        ),
        ([VERBOSE[0], VERBOSE[1][3:]], "\n".join(VERBOSE), ("spaces",)),
        ([VERBOSE[0], *textwrap.wrap(VERBOSE[1], 70, subsequent_indent="    ")], "\n".join(VERBOSE), ("wrapped",)),
        (_quoted(VERBOSE[0], VERBOSE_DATA, 64), f"{VERBOSE[0]}\n{VERBOSE_DATA}", ("quoted", "wrapped")),
        ([LONG[:-3], LONG[-3:]], LONG, ("wrapped",)),
        ([f"> {LONG[:-3]}", f"> {LONG[-3:]}"], LONG, ("quoted", "wrapped")),
        ([SYN[:75] + "=", SYN[75:]], SYN, ("quoted_printable",)),
        ([SYN[: SYN.index(" win")] + "=", SYN[SYN.index(" win") :]], SYN, ("quoted_printable",)),
        ([SYN[: SYN.index(" win")] + "=", SYN[SYN.index("win") :]], SYN, ("quoted_printable",)),
        ([DATA[:-1] + "=", DATA[-1]], DATA, ("quoted_printable",)),
        # breaks of quoted-printable before a blank, and blanks at the ends of lines written out
        ([OLD[: OLD.index(" 1 win")] + "=", f"{OLD[OLD.index(' 1 win') :]}=20"], OLD, ("quoted_printable",)),
        ([OLD[: OLD.index(" <")] + "=", f"{OLD[OLD.index(' <') :]}=20"], OLD, ("quoted_printable",)),
        (
            [OLD[: OLD.index(" <")] + "=", f"{OLD[OLD.index(' <') :]} =", "[tos 0x10]=20"],
            f"{OLD} [tos 0x10]",
            ("quoted_printable",),
        ),
        ([f"{OLD[: OLD.index('1:')]}=", f"{OLD[OLD.index('1:') :]}=0A="], OLD, ("quoted_printable",)),
        ([f"{OLD}=0D=0A="], OLD, ("quoted_printable",)),
        # Ctrl-C, which ends tcpdump
        ([f"^C{SYN}"], SYN, ("prefix",)),
        ([f"^C^C{NAMED}"], NAMED, ("prefix",)),
        ([f"{SYN}^C"], SYN, ("prefix",)),
        # the source of a page in Markdown
        ([f"> \\[3\\] {SYN.replace('[', chr(92) + '[').replace(']', chr(92) + ']')}"], SYN, ("prefix", "tags")),
        ([f"{DATA.replace('seq 1:357', '**seq 1:357**')}"], DATA, ("tags",)),
        ([f"**{DATA[:15]}**{DATA[15:].replace('ack 1', '**ack 1**')}"], DATA, ("tags",)),
        # options that a page has taken for a tag
        ([OLD.replace("13 12>", '13="" 12="">')], OLD, ("tags",)),
        ([f"{OLD}</nop,nop,timestamp>"], OLD, ("tags",)),
        (
            ['192.0.2.1.5 > 192.0.2.2.80: S 7:7(0) win 9 <mss 1460,sackok,timestamp="" 13="" 0,nop,wscale="" 7="">'],
            "192.0.2.1.5 > 192.0.2.2.80: S 7:7(0) win 9 <mss 1460,sackOK,timestamp 13 0,nop,wscale 7>",
            ("tags",),
        ),
        ([f"{OLD_SYN}</mss></mss>"], OLD_SYN, ("tags",)),
        # an arrow that a page has not shown
        ([OLD.replace(" > ", " ")], OLD, ("spacing",)),
        ([SYN.replace(" > ", " ")], SYN, ("spacing",)),
        (
            [DATA.replace("192.0.2.1.40000 > 192.0.2.2.80", "a.example.http b.example.5000")],
            DATA.replace("192.0.2.1.40000 > 192.0.2.2.80", "a.example.http > b.example.5000"),
            ("spacing",),
        ),
        ([SYN.replace("[S],", "[S] ,")], SYN, ("spacing",)),
        ([f"**{SYN}**"], SYN, ("tags",)),
        ([SYN.replace(": Flags", " Flags")], SYN, ("spacing",)),
        ([SYN.replace(": Flags", " : Flags")], SYN, ("spacing",)),
        ([SYN.replace(": Flags [", ": Flags[")], SYN, ("spacing",)),
        ([SYN.replace("options [", "options[")], SYN, ("spacing",)),
        ([SYN.replace("options [", "option: [")], SYN, ("spacing",)),
        ([DATA.replace("ack ", "ack=").replace("win ", "win = ").replace("length ", "length=")], DATA, ("spacing",)),
        ([f"> __{DATA}__"], DATA, ("tags",)),
        ([f"- First `{SYN}` is sent."], SYN, ("quoted",)),
        ([f"| 1 | `{DATA}` | data |"], DATA, ("quoted",)),
        ([SYN.replace(" > ", " -> ")], SYN, ("spacing",)),
        ([SYN.replace(" > ", " → ")], SYN, ("spacing",)),
        ([OLD.replace(" > ", " -> ")], OLD, ("spacing",)),
        ([SYN.replace(", win", " win").replace(", length", " length")], SYN, ("spacing",)),
        ([DATA.replace(", ack", "，ack")], DATA, ("spacing",)),
        ([SYN.replace("[S],", "[S], ").replace(",sackOK,TS", ", sackOK, TS")], SYN, ("spaces", "spacing")),
        ([DATA.replace(" > ", "  >  ").replace(", win", " win")], DATA, ("spacing",)),
        ([DATA.replace(".020000 ", ".020 ").replace("[P.],", "[P.],   ")], DATA, ("abridged", "spaces")),
        ([SYN[: SYN.index(", win")], f"   {SYN[SYN.index('win') :]}"], SYN, ("wrapped", "spacing")),
        ([SYN[: SYN.index(": Flags")], f"   {SYN[SYN.index('Flags') :]}"], SYN, ("wrapped", "spacing")),
        ([f'{{"log":"{SYN}\\n","stream":"stdout"}}'], SYN, ("quoted",)),
        ([json.dumps({"n": [DATA, 1]}).replace(">", "\\u003e")], DATA, ("quoted",)),
        ([f"<tr><td>{html.escape(SYN)}</td></tr>"], SYN, ("entities", "tags")),
        # an address that was taken for that of a page
        ([SYN.replace("192.0.2.2.80", "[www.example.com.http](http://www.example.com.http)")], NAMED, ("tags",)),
        ([SYN.replace("192.0.2.2.80:", "[www.example.com.http:](www.example.com.http:)")], NAMED, ("tags",)),
        (
            [SYN.replace("192.0.2.2.80", "[url=http://www.example.com.http]www.example.com.http[/url]")],
            NAMED,
            ("tags",),
        ),
        ([OLD.replace("192.0.2.1.40000", "[192.0.2.1](http://192.0.2.1/).40000")], OLD, ("tags",)),
        ([VERBOSE[0], VERBOSE[1].replace("(correct)", "(incorrect → 0xfef2)")], INCORRECT, ("spacing",)),
        # full-width, as Chinese input methods write it
        ([SYN.translate({ord(c): ord(c) + 0xFEE0 for c in "[]>:."})], SYN, ("spacing",)),
        ([DATA.replace(", ", "， ")], DATA, ("spacing",)),
        # a web page shows one of several blanks
        ([DATA.replace(" IP ", " eth0 In IP ")], DATA.replace(" IP ", " eth0 In  IP "), ("spaces",)),
        ([SYN.replace(" IP ", " lo M IP ")], SYN.replace(" IP ", " lo M   IP "), ("spaces",)),
        ([SYN.replace(" IP ", " ? In IP ")], SYN.replace(" IP ", " ?     In  IP "), ("spaces",)),
        ([SYN.replace("[mss", "[tfo cookiereq,mss")], SYN.replace("[mss", "[tfo  cookiereq,mss"), ("spaces",)),
        (
            [VERBOSE[0].replace(" IP ", " eth0 In IP "), VERBOSE[1].lstrip()],
            "\n".join(VERBOSE).replace(" IP ", " eth0 In  IP "),
            ("spaces",),
        ),
        # books number records, and give seconds since the first and since the one before
        ([f"3    2.040000 (1.0200)     {BARE}"], f"2.040000 {BARE}", ("quoted",)),
        ([f"12 7199.972793 (   0.0041)  {BARE}"], f"7199.972793 {BARE}", ("quoted",)),
        ([f"1. 0.0                     {BARE}"], f"0.000000 {BARE}", ("quoted",)),
        (textwrap.wrap(f"2.040000 {BARE}", 50), f"2.040000 {BARE}", ("wrapped",)),
        # words that stand for a host
        ([OLD.replace("192.0.2.1.", "[my own host].")], OLD.replace("192.0.2.1.", "[my_own_host]."), ("spacing",)),
        ([EPOCH.partition(" ")[0], f"    {EPOCH.partition(' ')[2]}"], EPOCH, ("wrapped",)),
    ],
)
def test_it_is_undone(lines: list[str], clean: str, repairs: tuple[str, ...]) -> None:
    """The same segment comes out; it says what was undone, and keeps the raw lines."""
    segment = only(*lines)
    assert str(segment) == clean
    assert values(segment) == values(only(*clean.split("\n")))
    assert segment.layer is not None
    assert set(segment.layer.repairs) == set(repairs)
    assert segment.layer.raw == tuple(lines)
    assert (segment.line, segment.lines) == (1, len(lines))


@pytest.mark.parametrize(
    ("front", "column"),
    [
        ("12:00:00.1 IP", 1),
        ("12:00:00.1", 1),
        ("> 12:00:00.1 IP", 1),
        ("2024-01-20 12:00:00.1 IP", 1),
        ("12:00:00.000001 eth9 Strange IP", 17),
        ("IP (tos 0x0, ttl banana)", 18),
        ("12:00:00.000001 IP (tos 0x0, ttl banana)", 34),
    ],
)
def test_what_a_record_says_is_not_taken_for_a_prefix(front: str, column: int) -> None:
    """A time or an IP header that cannot be read is told with its place, not left out for the sake of the rest."""
    line = f"{front} {SYN[SYN.index('192') :]}"
    (item,) = read(line)
    assert isinstance(item, Skipped)
    assert (item.kind, item.column, item.raw) == ("rejected", column, line)


@pytest.mark.parametrize(
    "prefix",
    ["Jan 20 08:04:34.123456 host tcpdump[123]:", "2024-01-20T08:04:34.123456Z", "seen at 12:00:00.1:", "29.09"],
)
def test_a_time_of_somebody_else_is_a_prefix(prefix: str) -> None:
    """What wrote the line down had a clock too; the record had none."""
    segment = only(f"{prefix} {SYN[SYN.index('IP') :]}")
    assert segment.layer is not None
    assert (segment.layer.repairs, segment.time) == (("prefix",), None)


def test_a_record_needs_no_repair() -> None:
    """A record is never touched, and nothing is held back."""
    mender = Mender()
    (segment,) = mender.feed(SYN)
    assert isinstance(segment, Segment)
    assert segment.layer is None


@pytest.mark.parametrize(
    ("line", "numbers"),
    [
        (SYN[: SYN.index(", win")] + ", ...", (1228404592, None, None)),
        ("12:00:00.000001 IP6 ::1.50152 > ::1.8080: Flags [S.]", (None, None, None)),
        ("IP 192.0.2.1.5000 > 192.0.2.2.80: Flags [S], seq 1000  # lost", (1000, None, None)),
        ("IP 192.0.2.1.5000 > 192.0.2.2.80: Flags [S], seq 1000, <== again", (1000, None, None)),
        ("IP 192.0.2.1.5000 > 192.0.2.2.80: Flags [R.], seq 9,", (9, None, None)),
        ("IP 192.0.2.1.5000 > 192.0.2.2.80: Flags [S.],  seq ..., ack 9 ...  # answer", (None, 9, None)),
        ("1. IP 192.0.2.1.5000 > 192.0.2.2.80: Flags [P.], seq 1:11, ack 1, length 10", (1, 1, 10)),
        ("IP 192.0.2.1.5000 > 192.0.2.2.80: Flags [P.], length 10: HTTP", (None, None, 10)),
        ("a > b: Flags [.], ack 1, [nop,nop,sack 1 {11:21}], length 0", (None, 1, 0)),
        (f"{DATA} <-- the same again", (1, 1, 356)),
        ("IP 192.0.2.1.5000 > 192.0.2.2.80: Flags [S], seq ...", (None, None, None)),
        ("IP 192.0.2.1.5000 > 192.0.2.2.80: Flags [S.], seq ..., ack ..., win 9, length 0", (None, None, 0)),
        ("IP 192.0.2.1.5000 > 192.0.2.2.80: Flags [S.],\tseq xxx, ack yyy", (None, None, None)),
        ("IP 192.0.2.1.5000 > 192.0.2.2.80: Flags [S.], seq isn, ack x+1 (SYN+ACK)", (None, None, None)),
        (
            "IP 192.0.2.1.5000 > 192.0.2.2.80: Flags [P.], seq 1:<n+1>, ack <y+1>, win 9, length <n>: HTTP",
            (None, None, None),
        ),
        ("192.0.2.1.5000 > 192.0.2.2.80: Flags [.],  ack 123xxxx, win ?, length 0", (None, None, 0)),
        ("a.1 -> b.2: Flags [R.],  seq 0, ack ...   # refused", (0, None, None)),
        ("IP a.1 > b.2: Flags [S.], cksum 0x1234 (incorrect > 0x4321), seq ..., ack 7, options [...]", (None, 7, None)),
        (DATA[: DATA.index(" options") + 3], (1, 1, 356)),
        (DATA[: DATA.index("in 502")], (1, 1, 356)),
        (DATA[: DATA.index(" options")], (1, 1, 356)),
        (DATA[: DATA.index(",TS") + 8], (1, 1, 356)),
        (f"{DATA}**", (1, 1, 356)),
        (f"{DATA}|", (1, 1, 356)),
        (f"{DATA} <data>", (1, 1, 356)),
        (f"{DATA}，数据", (1, 1, 356)),
        (f"{DATA}（数据）", (1, 1, 356)),
        (f"{DATA}数据", (1, 1, 356)),
        (f"{DATA}.", (1, 1, 356)),
        ("IP 192.0.2.1.5000 > 192.0.2.2.80: Flags [S.], seq 9876543210, ack 1234567891, ...", (None, 1234567891, None)),
        ("IP 192.0.2.1.5000 > 192.0.2.2.80: Flags [F.], seq 4294967295, ack 4294967296", (4294967295, None, None)),
        (
            "IP 192.0.2.1.5000 > 192.0.2.2.80: Flags [P.], seq 98765432100:98765432110, ack 1, win 9, length 10",
            (None, 1, 10),
        ),
        ("IP 192.0.2.1.5000 > 192.0.2.2.80: Flags [F.], seq 9, ack 7 [...]", (9, 7, None)),
        (DATA.replace("seq", "cksum 0x1a2b, seq"), (1, 1, 356)),
        # left out between others
        (
            "IP 192.0.2.1.5000 > 192.0.2.2.80: Flags [P.], ... options [nop,nop,md5 valid], length 19: BGP",
            (None, None, 19),
        ),
        ("IP 192.0.2.1.5000 > 192.0.2.2.80: Flags [P.], seq 1:20, ack 7, ..., length 19", (1, 7, 19)),
        ("IP 192.0.2.1.5000 > 192.0.2.2.80: Flags [.], … ack 7, … length 0", (None, 7, 0)),
        # an option that nobody knows
        (SYN.replace("sackOK", "s002 ecr 0"), (1228404592, None, 0)),
        # what stands behind a full-width comma is no remark
        (f"1. {DATA[: DATA.index(', options')].replace(', ack', '，ack')} # 数据", (1, 1, 356)),
        (
            f"1. {DATA[: DATA.index(', options')].replace(' IP', ' lo In IP').replace(', ack', '，ack')} # 数据",
            (1, 1, 356),
        ),
        # words and hexadecimal numbers for numbers
        (DATA.replace("seq 1:357, ack 1", "seq isn, ack y+1"), (None, None, 356)),
        (DATA.replace("ack 1,", "ack x+1,"), (1, None, 356)),
        (SYN.replace("1228404592", "0xdeadbeef"), (None, None, 0)),
        # 3.x without windows, as books have it
        ("3  0.006516 (0.0017)    192.0.2.1.5000 > 192.0.2.2.9: . ack 1", (None, 1, 0)),
        ("192.0.2.1.5000 > 192.0.2.2.9: P 1:14(13) ack 1", (1, 1, 13)),
        ("192.0.2.1.5000 > 192.0.2.2.9: P 1:14(13) ack 1  数据", (1, 1, 13)),
        ("192.0.2.2.9 > 192.0.2.1.5000: R 7:7(0)", (7, None, 0)),
        ("IP 192.0.2.2.9 > 192.0.2.1.5000: F 7:7(0) ack 3 <nop,nop,timestamp 2 1> (DF)", (7, 3, 0)),
        # made up: no number of a segment is so large
        (SYN.replace("1228404592", "9876543210"), (None, None, 0)),
        (DATA.replace("seq 1:357", "seq 9876543210:9876543566"), (None, 1, 356)),
        (DATA.replace("seq 1:357, ack 1,", "seq 4294967296:4294967652, ack 4294967295,"), (None, 4294967295, 356)),
        ("IP 192.0.2.1.5000 > 192.0.2.2.80: Flags [S.], seq 1, ack 98765432109", (1, None, None)),
        # the manual of tcpdump
        ("IP web.1023 > db.login: Flags [S], seq 7512:7512, win 4096, opts [mss 1024]", (7512, None, 0)),
        ("IP db.login > web.1023: Flags [S.], seq, 9648:9648, ack 7513, win 4096, opts [mss 1024]", (9648, 7513, 0)),
        ("IP 192.0.2.1.5000 > 192.0.2.2.80: Flags [F.], seq 9, ack 7  第一次挥手", (9, 7, None)),
    ],
)
def test_what_was_left_out_stays_unknown(line: str, numbers: tuple[int | None, ...]) -> None:
    """A shortened record has the numbers it shows, and no others."""
    segment = only(line, "")
    assert (segment.seq, segment.ack, segment.length) == numbers
    assert segment.layer is not None
    assert "abridged" in segment.layer.repairs


@pytest.mark.parametrize("mark", ["> ", "> > ", ">>> ", "# ", " * "])
def test_a_quotation_may_be_wrapped_into_many_lines(mark: str) -> None:
    """Nothing that stands before each of its lines is taken for a part of the record."""
    link = "02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype IPv4 (0x0800), length 74: "
    record = (
        f"2026-11-29 {SYN.replace(' IP ', f' {link}').replace('[S], seq 1228404592', '[S.], seq 1228404592, ack 78')}"
    )
    whole = values(only(record))
    for width in range(54, 80):
        assert values(only(*[mark + line for line in textwrap.wrap(record, width)])) == whole


@pytest.mark.parametrize("mark", ["", "> ", "    "])
@pytest.mark.parametrize("head", ["", "IP ", "12:00:00.000001 IP "])
def test_a_shortened_record_can_be_broken_before_its_flags(head: str, mark: str) -> None:
    """Both lines are one record, whatever stands behind them."""
    lines = [f"{mark}{head}192.0.2.1.5000 > 192.0.2.2.80:", f"{mark}Flags [S], seq 1000, win 512"]
    for behind in ([], [""], ["```"], [DATA], lines):
        segment, *rest = read("A SYN:", *lines, *behind)[1:]
        assert isinstance(segment, Segment)
        assert (segment.line, segment.lines, segment.seq, segment.window, segment.length) == (2, 2, 1000, 512, None)
        assert segment.layer is not None
        assert segment.layer.raw == tuple(lines)
        assert {"abridged", "wrapped"} <= {*segment.layer.repairs}
        assert [item.line for item in rest] == ([] if not behind else [4])


@pytest.mark.parametrize("place", [", seq", " Flags", ", ack", ", length"])
def test_a_shortened_record_can_be_wrapped(place: str) -> None:
    """Elements in the next line belong to it; what does not follow from them stays unknown."""
    short = (
        DATA.replace("ack 1,", "ack 1, ...").partition(" win")[0]
        if "length" not in place
        else DATA.replace(" win 502,", "")
    )
    first, _, rest = short.partition(place)
    segment = only(first + "," * place.startswith(","), f"    {place.lstrip(', ')}{rest}", "and so on")
    assert (segment.lines, segment.seq, segment.ack, segment.window) == (2, 1, 1, None)
    assert segment.layer is not None
    assert {"abridged", "wrapped"} <= {*segment.layer.repairs}


@pytest.mark.parametrize("flags", ["(仍在三次握手Flags [S]，没有成功)", "Flags [S], seq 1", "（重传 Flags[S]）"])
def test_a_sentence_that_speaks_of_flags_is_no_record(flags: str) -> None:
    """Nothing stands between the addresses and what it says, or a bracket."""
    (item,) = read(f"192.0.2.1.40000 > 192.0.2.2.80{flags}")
    assert isinstance(item, Skipped)


@pytest.mark.parametrize("arrow", ["->", "→", ">"])
def test_a_record_behind_its_header_can_be_shortened(arrow: str) -> None:
    """It keeps the header, and with it its time."""
    short = VERBOSE[1].replace("(correct)", f"(incorrect {arrow} 0x1)").replace("win 502", "win ..., options [nop,...]")
    items = read("$ tcpdump -v", VERBOSE[0], short.replace("0x1)", "0x0001)"), DATA)
    assert [item.line for item in items] == [1, 2, 4]
    (segment, data) = (item for item in items if isinstance(item, Segment))
    assert (segment.time, segment.lines, segment.ack, segment.window) == ("12:00:00.030000", 2, 2, None)
    assert (segment.options_text, segment.checksum) == ("nop,...", "incorrect")
    assert segment.layer is not None
    assert (segment.layer.ttl, segment.layer.repairs[-1]) == (64, "abridged")
    assert values(data) == values(only(DATA))


@pytest.mark.parametrize(
    ("printed", "known"),
    [
        ("...", "..."),
        ("mss 1460,...", "mss 1460,..."),
        ("mss 1460,sackOK,TS val ... ecr 0,nop,wscale 7", "mss 1460,sackOK,nop,wscale 7,..."),
        ("mss 1460, sackOK, TS val <x> ecr 0, nop, wscale 7", "mss 1460,sackOK,nop,wscale 7,..."),
        ("snip", "..."),
        ("CUT mss 1460,sackOK,TS val 2829", "mss 1460,sackOK,..."),
        ("CUT mss 1460,nop,wscale 7,", "mss 1460,nop,wscale 7,..."),
        ("CUT ", "..."),
    ],
)
def test_options_that_were_left_out_stay_unknown(printed: str, known: str) -> None:
    """Those that stand there are known, and that there are others (R76: nobody knows whether windows are scaled)."""
    cut = printed.startswith("CUT ")
    options = SYN[SYN.index("mss") : SYN.index("], length") if not cut else None]
    segment = only(SYN.replace(options, printed.removeprefix("CUT ")), "")
    assert (segment.seq, segment.window, segment.options_text) == (1228404592, 29200, known)
    assert segment.length == (None if cut else 0)
    assert segment.options.wscale == (7 if "wscale" in known else None)
    assert segment.options.bad == "..."


@pytest.mark.parametrize(
    "line",
    [
        "The client at 12:00:00.000001 sent IP 192.0.2.1 > something",
        "Flags [S], seq 1228404592",
        "seq 43780310 FIN n",
        "> I think the SYN was lost",
        "a > b: Flags are interesting",
        "12:00:00.000001 IP 192.0.2.1.53 > 192.0.2.2.4242: UDP, length 12",
        "> 12:00:00.000001 ARP, Request who-has 192.0.2.1 tell 192.0.2.2, length 28",
        "IP 192.0.2.1.5000 > 192.0.2.2.80: Flags [P.], seq 1:11, length 11",
        "IP 192.0.2.1.5000 > 192.0.2.2.80: Flags [P.], seq 1:11, ack 1 and then nothing",
    ],
)
def test_nothing_is_invented(line: str) -> None:
    """Prose, fragments and other protocols stay what they are."""
    assert [type(item) for item in read(line, "")] == [Skipped, Skipped]


@pytest.mark.parametrize("indent", ["\t", "        "])
def test_a_packet_that_icmp_quotes_is_no_segment(indent: str) -> None:
    """It was sent before; a pasted log may have spaces for its tab."""
    items = read(
        "12:00:00.000002 IP (tos 0x0, ttl 64, id 1, offset 0, flags [none], proto ICMP (1), length 68)",
        "    192.0.2.2 > 192.0.2.1: ICMP 192.0.2.2 tcp port 80 unreachable, length 48",
        f"{indent}IP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP (6), length 40)",
        "    192.0.2.1.40000 > 192.0.2.2.80: Flags [R], cksum 0x1a2b (correct), seq 7, win 0, length 0",
    )
    assert [item.kind for item in items if isinstance(item, Skipped)] == [
        "icmp",
        "continuation",
        "continuation",
        "icmp",
    ]


def test_printed_payload_is_no_record() -> None:
    """Behind a tab stands what the sender chose; a whole log behind tabs is one that was indented."""
    page = VERBOSE[1].replace("length 0", "length 99: HTTP, length: 99")
    items = read(VERBOSE[0], page, "\tGET / HTTP/1.1", f"\t{SYN}", f"\t{DATA}", OLD, f"\t{SYN}")
    kinds = [item.kind if isinstance(item, Skipped) else "segment" for item in items]
    assert kinds == ["segment", "continuation", "continuation", "continuation", "segment", "segment"]
    assert len([item for item in read(f"\t{DATA}: HTTP", f"\t{SYN}") if isinstance(item, Segment)]) == 2


@pytest.mark.parametrize(
    "following",
    [DATA, OLD, DATA.partition(" ")[2], OLD.partition(" ")[2], f"> {DATA}", f"    2  {DATA}", f"    2  {DATA[:90]}"],
)
@pytest.mark.parametrize("cut", ["length 0", " 0", "0"])
def test_a_record_is_not_the_rest_of_one_that_was_cut(following: str, cut: str) -> None:
    """The digits with which a line begins are no length: what was cut has none."""
    damaged, *others = read(SYN.removesuffix(cut), following)
    assert isinstance(damaged, Segment)
    assert (damaged.line, damaged.lines, damaged.window, damaged.length) == (1, 1, 29200, None)
    (other,) = others
    assert other.line == 2
    assert isinstance(other, Segment)


@pytest.mark.parametrize("before", ["", "$ sudo tcpdump -i any ", "> ", "it says: "])
def test_records_that_run_on_in_one_line(before: str) -> None:
    """Where a page has taken the line breaks away, each is a record of its own, on the same line."""
    other = "12:00:00.010000 IP 192.0.2.1.53 > 192.0.2.2.4242: UDP, length 12"
    answer = DATA.replace("0.020000", "0.030000")
    _, syn, udp, *data = read("x", f"{before}{SYN} {other} {DATA}: HTTP: GET / {answer}", OLD)
    assert str(syn) == SYN
    assert isinstance(udp, Skipped)
    assert udp.kind == "udp"
    assert [str(item) for item in data] == [f"{DATA}: HTTP: GET /", answer, OLD]
    assert [item.line for item in (syn, udp, *data)] == [2, 2, 2, 2, 3]


@pytest.mark.parametrize("printed", ["", ": ", ": HTTP: GET /", ": SMTP: "])
def test_a_payload_cannot_run_on(printed: str) -> None:
    """What a sender chose stands behind a mark; it makes no record, in one line or more."""
    (segment,) = (item for item in read(f"{DATA}{printed or ': '} {OLD}") if isinstance(item, Segment))
    assert segment.payload is not None


@pytest.mark.parametrize("mark", ["", "> ", "> > "])
@pytest.mark.parametrize("following", [SYN, SYN.partition(" ")[2], f"{SYN}: more", VERBOSE[0]])
def test_a_lonely_header_takes_no_other_record(mark: str, following: str) -> None:
    """What begins with a time or the network word is no second line."""
    items = read(*(mark + line for line in (VERBOSE[0], following, VERBOSE[1])))
    assert items[0].line == 1
    assert isinstance(items[0], Skipped)
    assert items[1].line == 2


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("the client sends its request (again), and nothing comes back", "remark"),
        ("Nov 14 22:13:20 host sshd[1234]: Accepted publickey for root from 10.0.0.1 port 5555 ssh2", "remark"),
        ('{"time": "2023-11-14T22:13:20Z", "level": "info", "msg": "hello"}', "remark"),
        ("12:00:00.030000 IP 10.0.0.1.40000 > 10.0.0.2.53: 12345+ [1au] A? example.com. (40)", "other_protocol"),
        ("12:00:00.030000 IP 10.0.0.2.53 > 10.0.0.1.40000: 12345 2/0/1 A 192.0.2.1 (77)", "other_protocol"),
        ("12:00:00.030000 IP 10.0.0.1.123 > 10.0.0.2.123: NTPv4, Client, length 48", "other_protocol"),
    ],
)
def test_a_line_in_which_nothing_can_be_a_record_is_not_read_in_other_ways(
    line: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Logs of more than TCP, and with the lines of other programs, are full of them: each way of reading takes its time."""

    def unwanted(text: str) -> None:
        pytest.fail(f"read in other ways: {text}")

    monkeypatch.setattr(mending, "cleanings", unwanted)
    assert read(DATA, line, DATA)[1:-1] == [Skipped(2, kind, line)]


def test_every_line_is_in_exactly_one_item() -> None:
    """Joined records count their lines, and the numbers of what follows stay right."""
    verbose = [VERBOSE[0], *textwrap.wrap(VERBOSE[1], 50)]
    lines = [
        "intro",
        *(f"> {line}" for line in textwrap.wrap(SYN, 66)),
        "> and then",
        *verbose,
        VERBOSE[0],
        DATA,
        "bye",
    ]
    items = read(*lines)
    covered: list[int] = []
    for item in items:
        covered += range(item.line, item.line + (item.lines if isinstance(item, Segment) else 1))
    assert covered == list(range(1, len(lines) + 1))


def test_a_live_record_is_not_held_back() -> None:
    """A record comes out of the very call that brought it, also after a repaired one."""
    mender = Mender()
    assert len(mender.feed(f"> {SYN}")) == 1
    assert len(mender.feed(DATA)) == 1


def _mangled(lines: list[str], chance: random.Random) -> list[str]:
    """Do to a log what people do."""
    how = chance.randrange(6)
    if how == 0:
        width = chance.randrange(60, 101)
        mark = chance.choice(["", "> ", ">> "])
        return [mark + part for line in lines for part in textwrap.wrap(line, width, break_long_words=False)]
    if how == 1:
        mark = chance.choice(["> ", "| ", "# ", "    ", "\t", "12: ", "Jan 20 08:04:34 host tcpdump[123]: "])
        return [mark + line for line in lines]
    if how == 2:
        return [html.escape(line) for line in lines]
    if how == 3:
        return [line + "\r" for line in lines]
    if how == 4:
        # An old record that is cut inside its window is a record by itself: nothing can tell.
        cut = chance.choice([place for place, line in enumerate(lines) if line != OLD])
        return [*lines[:cut], lines[cut][: chance.randrange(len(lines[cut]))]]
    return [f"{chance.choice(lines)} {chance.choice(lines)}", *lines]


@pytest.mark.parametrize("seed", range(200))
def test_mangled_logs_give_the_same_segments_or_none(seed: int) -> None:
    """Cut, joined, quoted, wrapped, prefixed, escaped: what comes out is one of the records that went in."""
    chance = random.Random(seed)  # noqa: S311  not for secrets
    lines = [SYN, DATA, OLD, SYN.replace("40000", "40001"), DATA.replace("[P.]", "[FP.]")]
    known = {only(line)[7:16] for line in lines}
    found = [item for item in read(*_mangled(lines, chance)) if isinstance(item, Segment)]
    complete = [
        item for item in found if not item.truncated and "abridged" not in (item.layer.repairs if item.layer else ())
    ]
    assert all(item[7:16] in known for item in complete)


OLD_THIRD = "12:00:00.000003 192.0.2.1.40000 > 192.0.2.2.80: . ack 1 win 29200 (DF)"


@pytest.mark.parametrize(
    "records", [[OLD, OLD_THIRD], [OLD_SYN, f"{OLD_SYN} (DF)", OLD_THIRD], [OLD_THIRD, OLD, OLD_SYN]]
)
@pytest.mark.parametrize("before", ["", "> ", "# "])
def test_records_of_3_x_that_a_page_has_put_into_one_line(records: list[str], before: str) -> None:
    """None is left out for the sake of one behind it, whatever each of them ends with."""
    items = read(before + " ".join(records))
    assert [values(item) for item in items if isinstance(item, Segment)] == [values(only(record)) for record in records]


def test_no_number_is_taken_from_the_time_of_the_next_record() -> None:
    """A filled paragraph breaks records anywhere; what stands before a time in the middle of one is no prefix of it."""
    lines = [
        "> 1460,nop,nop,sackOK,nop,wscale 0> (DF) 12:00:00.000003",
        "> 192.0.2.1.40000 > 192.0.2.2.80: . ack 1 win",
        "> 29200 (DF) 12:00:00.040000 192.0.2.1.40000 >",
        "> 192.0.2.2.80: P 1:203(202) ack 1 win 8192 (DF)",
    ]
    assert {item.window for item in read(*lines) if isinstance(item, Segment)} <= {29200, 8192}


@pytest.mark.parametrize(
    "banner", ["listening on eth0, link-type EN10MB (Ethernet), capture size 262144 bytes", "tcpdump: listening on en1"]
)
@pytest.mark.parametrize("records", [[SYN], [SYN, DATA], [OLD]])
@pytest.mark.parametrize("quote", ["", "`"])
def test_records_behind_what_tcpdump_says_first(banner: str, records: list[str], quote: str) -> None:
    """A page without its line breaks, or with those of its paragraphs alone."""
    items = read(f"{quote}{banner} {' '.join(records)}{quote}")
    assert [values(item) for item in items if isinstance(item, Segment)] == [values(only(record)) for record in records]
    assert [item.kind for item in read(banner) if isinstance(item, Skipped)] == ["banner"]


@pytest.mark.parametrize("damage", ["mss95", "mss14O0", "msss 1460", "mss"])
def test_an_option_that_somebody_has_damaged_is_left_out(damage: str) -> None:
    """What else the record says is read, and that not all of its options are."""
    segment = only(SYN.replace("mss 1460", damage))
    assert (segment.flags, segment.seq, segment.window, segment.length) == ("S", 1228404592, 29200, 0)
    assert segment.options.mss is None
    assert (segment.options.wscale, segment.options.ts, segment.options.sack_ok) == (7, (28290070, 0), True)
    assert segment.layer is not None
    assert segment.layer.repairs == ("abridged",)
