"""The derived patterns are those of the grammar, and describe the same language."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from functools import cache
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Final, cast

import pytest
from lark import Lark, Tree, UnexpectedCharacters, UnexpectedInput, UnexpectedToken
from test_grammar import every_rule, examples, tokens

from tdparse import _patterns, _tables, derive, fields, lalr, options, shapes
from tdparse.record import parse_line, read_line, shows_ip_header_only
from tdparse.rejection import failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

OTHERS: Final = frozenset({"arp", "udp", "icmp", "fragment", "other_protocol"})
DEPTH: Final = 40  # symbols open at once before the shortest expansion is taken


@pytest.mark.parametrize(("module", "text"), [(_patterns, derive.module_text), (_tables, derive.tables_text)])
def test_the_generated_modules_are_up_to_date(module: ModuleType, text: Callable[[], str]) -> None:
    """`python -m tdparse.derive` writes what is in the repository."""
    assert Path(str(module.__file__)).read_text("utf-8") == text()


def test_a_record_fails_where_larks_own_parser_stops() -> None:
    """The position is that of Lark's own error, and what it expected there is acceptable if it can go on with it."""
    for text in generated(1_000, 3):
        stop = failure(text)
        try:
            records().parse(text)
        except (UnexpectedCharacters, UnexpectedToken) as error:
            ends = isinstance(error, UnexpectedToken) and error.token.type == "$END"
            accepts = error.interactive_parser.accepts()  # type: ignore[no-untyped-call]
            column = (len(text) if ends else cast("int", error.pos_in_stream)) + 1
            assert stop == (column, tuple(sorted(accepts)))
        else:
            assert stop is None


def by_pattern(text: str) -> dict[str, str] | None:
    """Return the fields that the derived pattern of all packets captures of a TCP record; None for anything else."""
    found = fields.pattern["PACKET"].fullmatch(text)
    captured = None if found is None else fields.captured("PACKET", found)
    return None if captured is None or OTHERS & captured.keys() else captured


@cache
def records() -> Lark:
    """Return Lark's parser of records alone: other starts would share its states, and their terminals."""
    return lalr.build("record")


def by_parser(text: str) -> dict[str, str] | None:
    """Return the same from the tree of Lark's parser."""
    try:
        tree = records().parse(text)
    except UnexpectedInput:
        return None
    captured: dict[str, str] = {}
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if node.data in derive.PACKET_FIELDS:
            captured[str(node.data)] = "".join(map(str, node.scan_values(lambda _: True)))
        else:
            waiting += [child for child in node.children if isinstance(child, Tree)]
    return captured


@cache
def samples() -> dict[str, list[str]]:
    """Return texts of each terminal, taken from the examples of the grammar."""
    found: dict[str, list[str]] = defaultdict(list)
    for rule, text in examples():
        own, _, context = text.partition("¦")
        for token in tokens(rule, own, context):
            found[token.type].append(str(token))
    return found


def sentence(chance: random.Random, start: str) -> str:
    """Return a random sentence of a rule of the grammar."""
    rules = defaultdict(list)
    for rule in every_rule().rules:
        rules[rule.origin.name].append(rule.expansion)
    written, waiting = [], [start]
    while waiting:
        name = waiting.pop()
        if name in rules:
            options = rules[name] if len(waiting) < DEPTH else [min(rules[name], key=len)]
            waiting += [symbol.name for symbol in reversed(chance.choice(options))]
        else:
            known = samples().get(name)
            written.append(chance.choice(known) if known else "")
    return "".join(written)


def damaged(chance: random.Random, text: str) -> str:
    """Return `text` with something lost, doubled, moved or put in."""
    words = re.findall(r"\w+|\W", text)
    if not words:
        return text
    where = chance.randrange(len(words))
    match chance.randrange(5):
        case 0:
            del words[where]
        case 1:
            words.insert(where, words[where])
        case 2:
            words.insert(where, words.pop(chance.randrange(len(words))))
        case 3:
            del words[where:]
        case _:
            words.insert(where, chance.choice([" ", ",", ": ", "]", "[|tcp]", "IP ", "0", "> ", "\n    "]))
    return "".join(words)


def generated(count: int, seed: int) -> Iterator[str]:
    """Yield random records, as many whole as damaged."""
    chance = random.Random(seed)  # noqa: S311 - reproducible, not secret
    for _ in range(count // 2):
        text = sentence(chance, "record")
        yield text
        yield damaged(chance, text)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_pattern_and_parser_accept_the_same_records(*, thorough: bool) -> None:
    """Backtracking pattern and LALR parser find the same fields in each of 100,000 generated lines, whole or damaged."""
    count = 100_000 if thorough else 5_000
    disagreeing = [text for text in generated(count, count) if by_pattern(text) != by_parser(text)]
    assert disagreeing == []


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("nop,Unknown Option 8ec[bad opt]>", ("nop,Unknown Option 8ec", "[bad opt]")),
        ("Unknown Option 8,echo[bad opt]>", ("Unknown Option 8", ",echo[bad opt]")),
        ("echo[bad opt]", (None, "echo[bad opt]")),
        ("Unknown Option 8echo[bad opt]>", None),
        ("Unknown Option 8echo [bad opt]>", None),
        ("nopmss [|tcp]", None),
    ],
)
def test_an_option_at_fault_stands_first_or_behind_a_comma(options: str, expected: tuple[str, ...] | None) -> None:
    """Its name is never glued to the option before it, where it would read as more of that one's hexadecimal digits."""
    for text in (f"IP 1.5 > 2.6: Flags [S], win 1, options [{options}", f"1.5 > 2.6: S 1:1(0) win 1 <{options}"):
        for captured in (by_pattern(text), by_parser(text)):
            found = None if captured is None else (captured.get("options"), captured.get("fault"))
            assert found == expected


@pytest.mark.parametrize("lost", ["05:57:05.429408", "1700000000.429408", "IP", "IP6", "(192.0.2.2.80", "[|ip]"])
def test_what_stands_before_the_addresses_is_none(lost: str) -> None:
    """A line whose source was lost is no record; its time or its protocol is not taken for a host."""
    text = f"{lost} > 192.0.2.1.38465: Flags [R.], seq 0, ack 1, win 0, length 0"
    for before in ("", "05:57:05.429409 ", "05:57:05.429409 IP "):
        assert by_pattern(before + text) is None
        assert by_parser(before + text) is None
        assert [name for name in shapes.SHAPES if shapes.readers[name](before + text, 1) is not None] == []


@pytest.mark.parametrize(
    "suffix", [" (frag 7:8@0+)", " [class 0x02] [flowlabel 0x81ccd]", " [hlim 7]", " (DF) [tos 0x10] "]
)
def test_what_follows_an_empty_payload_is_no_payload(suffix: str) -> None:
    """The facts that 3.x prints last are those of the IP header, also right behind the mark of a payload."""
    for text in (f"1.5 > 2.6: . ack 1 win 1: {suffix}", f"1.5 > 2.6: tcp 8: {suffix}"):
        for captured in (by_pattern(text), by_parser(text)):
            assert captured is not None
            assert (captured.get("old_payload"), captured["suffix"]) == (None, suffix)


ETHERNET: Final = "02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype"
HEADS: Final = [
    *("", "IP ", "IP6 ", f"{ETHERNET} IPv4 (0x0800), length 74: ", f"{ETHERNET} IPv6 (0x86dd), length 94: "),
    "02:00:00:00:00:01 (oui Unknown) > Broadcast, ethertype IPv4 (0x0800), length 1514: ",
    f"{ETHERNET} 802.1Q (0x8100), length 78: vlan 7, p 0, ethertype IPv4 (0x0800), ",
]


def usual(count: int, seed: int) -> Iterator[str]:
    """Yield records of the common shapes, with a link-layer header and without, most of them a little damaged."""
    chance = random.Random(seed)  # noqa: S311 - reproducible, not secret
    numbers = ["0", "7", "007", "1448", "429496729", "4294967295", "4294967296", "9999999999", "10000000000"]
    times = ["", "12:00:00.000001 ", "112:00:00.0000001 ", "2023-11-14 22:13:20.123456 ", "1700000000.123456789 "]
    for _ in range(count):
        seq, last, ack, window = chance.choices(numbers, k=4)
        text = chance.choice(times) + chance.choice(HEADS) + "192.0.2.1.5 > 2001:db8::2.80: Flags [P.]"
        text += chance.choice(["", f", seq {seq}", f", seq {seq}:{last}"]) + chance.choice(["", f", ack {ack}"])
        text += f", win {window}" + chance.choice(["", ", options [nop,nop,TS val 5 ecr 6]", ", options [sackOK,eol]"])
        text += f", length {chance.choice(numbers)}" + chance.choice(
            ["", ": HTTP", ": [|tcp]", ", RPKI-RTR", " BEEP RPY"]
        )
        for _ in range(chance.randrange(3)):
            text = damaged(chance, text)
        yield text


def test_the_common_shapes_give_the_same_segment_as_the_whole_grammar() -> None:
    """A specialised pattern is a sublanguage: whatever it takes, the general way takes too, and reads alike."""
    taken = 0
    for text in (*generated(2_000, 7), *usual(10_000, 8)):
        for name in shapes.SHAPES:
            quick = shapes.readers[name](text, 1)
            if quick is not None:
                found = fields.match("PACKET", text)
                assert quick == fields.segment(fields.captured("PACKET", found), 1, text)
                taken += 1
    assert taken > 1_000


def verbose(count: int, seed: int) -> Iterator[str]:
    """Yield records as `-v`, `-e` and `-i any` print them, most of them a little damaged."""
    chance = random.Random(seed)  # noqa: S311 - reproducible, not secret
    ip = "(tos 0x0, ttl 64, id 7, offset 0, flags [DF], proto TCP (6), length 60)"
    link = "02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype IPv4 (0x0800), length 74: "
    heads = [
        "IP ",
        f"IP {ip}\n    ",
        link,
        f"{link}{ip}\n    ",
        "eth0  In  IP ",
        f"lo    Out IP {ip}\n    ",
        "vlan 7, p 0, ",
    ]
    sums = ["", ", cksum 0x1a2b (correct)", ", cksum 0x1a2b (incorrect -> 0x3c4d)"]
    options = ["", ", options [nop,nop,TS val 5 ecr 6]", ", options [mss 1460,sackOK,eol]", ", options [sack 1 {3:4}]"]
    for _ in range(count):
        text = chance.choice(["", "   1  "]) + chance.choice(["", "12:00:00.000001 ", " 00:00:00.000001 "])
        text += (
            chance.choice(heads) + "192.0.2.1.5 > 192.0.2.2.80: Flags [P.]" + chance.choice(sums) + ", seq 1:6, ack 7"
        )
        text += ", win 9" + chance.choice(options) + ", length 5" + chance.choice(["", ": HTTP", " [|tcp]"])
        for _ in range(chance.randrange(3)):
            text = damaged(chance, text)
        yield text
        if "\n" in text:
            yield text.partition("\n")[0]


def test_what_is_common_gives_the_same_as_the_whole_grammar() -> None:
    """Of two patterns of the same the first is a sublanguage, and what it needs to be looked at is in all of it."""
    packets = unfinished = 0
    for text in (*generated(2_000, 11), *usual(3_000, 12), *verbose(6_000, 13)):
        for names, whole in ((fields.PACKETS, text), (fields.UNFINISHED, f"{text}\n")):
            described = fields.whole(whole, *names)
            found = fields.pattern[names[-1]].fullmatch(whole)
            assert (described is None) is (found is None), whole
            if described is not None and found is not None:
                assert fields.captured(*described) == fields.captured(names[-1], found), whole
                packets += described[0] == "COMMON"
        if shows_ip_header_only(text):
            unfinished += 1
            assert fields.pattern["PACKET"].fullmatch(text) is None, text  # so nobody has to look
    assert packets > 2_000
    assert unfinished > 500


def test_a_text_is_read_by_the_shape_of_its_time() -> None:
    """No other shape than the one that its time belongs to describes it."""
    for text in (*generated(2_000, 14), *usual(5_000, 15)):
        taken = [segment for name in shapes.SHAPES if (segment := shapes.readers[name](text, 1)) is not None]
        assert not taken or read_line(text, 1) == taken[0], text


def test_common_options_say_what_the_pattern_of_all_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which pattern reads an option makes no difference."""
    chance = random.Random(16)  # noqa: S311 - reproducible, not secret
    texts = [sentence(chance, "options") for _ in range(2_000)]
    texts += [damaged(chance, text) for text in texts]
    read = [options._read(text) for text in texts]
    monkeypatch.setattr(_patterns, "COMMON_OPTION", "(?!)")
    options._option.cache_clear()
    every = [options._read(text) for text in texts]
    options._option.cache_clear()
    assert read == every
    assert len(set(read)) > 500


@pytest.mark.parametrize("name", shapes.SHAPES)
def test_what_is_taken_from_a_block_has_the_common_shape(name: str) -> None:
    """The pattern for the next segment takes no line that the shape's own does not, and captures the same."""
    lines = [text for text in usual(20_000, 9) if "\n" not in text]
    names = [None, *getattr(_patterns, f"NEXT_{name}_FIELDS")]
    taken = 0
    for text, found in zip(
        lines, re.findall(getattr(_patterns, f"NEXT_{name}"), "\n".join(lines) + "\n", re.ASCII), strict=True
    ):
        if found[0]:
            whole = fields.captured(name, fields.match(name, text))
            whole.pop("options", None)
            assert {
                field: value
                for field, value in zip(names, found[:-1], strict=True)
                if value and field not in {None, "ts_val", "ts_ecr"}
            } == whole
            taken += 1
    assert taken > 400


def test_nesting_is_refused() -> None:
    """Only repetition can be written as a pattern."""
    nested = derive.Deriver(_nested(), ())
    with pytest.raises(derive.RecursiveRuleError):
        nested.pattern("pair")


def _nested() -> Lark:
    return Lark('pair: "(" pair ")" | "x"', start="pair", parser="lalr")


BEGINNING: Final = "12:00:00.000001 IP 192.0.2.1.5 > 192.0.2.2.80: "


@pytest.mark.parametrize("beginning", ["", "root@host", BEGINNING, f"{BEGINNING}P 1:2(1) ack 1 win 1"])
@pytest.mark.parametrize(
    "unit",
    [
        *(
            "a",
            "1",
            " ",
            "\t",
            ":",
            ".",
            "(",
            "> ",
            "IP ",
            "x x ",
            " (DF)",
            "HBH ",
            "[nop,",
            "MPLS (label 1) ",
            "1.2.3.4.5 > ",
        ),
        *(
            "a.1 > b.2: ",
            "a.1 > b.2: Flags [S], seq 1, ",
            "00:11:22:33:44:55 > ",
            "(tos 0x0, ttl 1, id 1, ",
            "ethertype IPv4, ",
        ),
    ],
)
def test_long_lines_take_linear_time(beginning: str, unit: str) -> None:
    """No line, however long and however made, keeps the reader busy: 200,000 characters are done in a moment."""
    text = beginning + unit * (200_000 // len(unit))
    before = process_time()
    parse_line(text)
    assert process_time() - before < 5
