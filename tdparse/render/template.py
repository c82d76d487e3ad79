"""
A renderer, partly evaluated: the function that writes segments which differ in their numbers only.

Such segments (`tdparse.prediction`) are shown alike, so a renderer is asked once what it makes of one of them with
stand-ins for its numbers. What stands between the stand-ins is the template; whoever renders stays the
only home of how a segment looks. The functions take and give text whose characters are the octets of its UTF-8
(Latin-1), so that lines pass through unread.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from tdparse import catalog
from tdparse.model import Endpoint
from tdparse.render import Holding, Spelling, also
from tdparse.render.alike import like, placed
from tdparse.render.since import Since, nothing, octets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import CodeType

    from tdparse.model import Lang, Segment, Step, Symbols
    from tdparse.prediction import Awaited, Emit, Found
    from tdparse.render import Renderer

PARAMETERS: Final = "found, lane, number, elapsed"

# Stand-ins: none is part of another, and all keep the relations that sentences rely on (end = start + length).
LINE, TIME, PAYLOAD = "Qline0Q", "98:76:54.321098", "Qpayload0Q"
SOURCE, DESTINATION = Endpoint("qsource0q", 70_001_001), Endpoint("qdestination0q", 70_002_002)
NUMBER, LENGTH, WINDOW, SCALED, COUNT = 9_600_100_001, 1_011_111, 61_234, 15_675_904, 9_600_300_003
CONN: Final = -960_020_002  # none that has not appeared before
START, ACK = 8_100_000_001, 8_200_000_005
SEQ, ACK_ABSOLUTE, PRINTED_SEQ, PRINTED_ACK = 3_100_000_003, 3_300_000_007, 2_100_000_009, 2_300_000_011
VAL, ECR = 4_012_345_671, 4_023_456_782
ELAPSED: Final = 8_123_450_000_000  # nanoseconds
MASK: Final = "4294967295"
NANO: Final = 10**9  # whole: dividing by a float rounds long times twice
FORMS: Final = 64  # texts that are remembered; a log has some thirty
HOSTS: Final = 4096  # and ports


def template(renderer: Renderer, step: Step, lang: Lang) -> Emit:
    """
    Return what writes segments like `step`; `nothing` where there is nothing to write of them.

    Raises ValueError when what the renderer makes of a stand-in cannot be told apart from what stands around it.
    """
    shown = _shown(renderer, _stand_in(step), LINE)
    if not shown:
        return nothing
    spelling = also(renderer, Spelling)
    spelled = None if spelling is None else spelling.spelled
    names = {
        "options": _options,
        "span": Since(_octets_of(catalog.span), lang),
        "duration": Since(_octets_of(catalog.duration), lang),
        "spelled": spelled,
        "spelled_end": spelled and _remembering(spelled),
    }
    write: Emit = eval(_code(shown, _options_in(step.segment), lang, spelled), names)  # noqa: S307  of our own text
    return write


@lru_cache(1)  # for all templates of a renderer
def _remembering(spelled: Callable[[float | str], str]) -> Callable[[float | str], str]:
    """Return a function that spells hosts and ports, each of them once."""
    return lru_cache(HOSTS)(spelled)


@lru_cache(FORMS)  # steps that differ are often shown alike
def _code(shown: str, options: str, lang: Lang, spelled: Callable[[float | str], str] | None) -> CodeType:
    """Return what makes the function, compiled; `shown` is what it writes of the stand-ins."""
    known = _expressions(options, lang, spelled)
    fixed: list[str] = []  # what stands before each stand-in, and behind the last
    filled: list[str] = []  # the expression for each
    place = 0
    for found in _apart(frozenset(known)).finditer(shown):
        fixed.append(shown[place : found.start()])
        filled.append(known[found[0]])
        place = found.end()
    fixed.append(shown[place:])
    if re.search(r"[Qq][a-z]+0[Qq]", "".join(fixed)):
        raise ValueError(shown)
    # What Python makes of this is the same as of an f-string, which takes twice as long to compile.
    written = "%s".join(octets(text).replace("%", "%%") for text in fixed)
    values = "".join(f"{expression}, " for expression in filled)
    return compile(f"lambda {PARAMETERS}: {written!r} % ({values})", "<template>", "eval")


def fits(write: Emit, renderer: Renderer, step: Step, found: Found, lane: Awaited) -> bool:
    """Tell whether the template writes of `step`, whose line was `found`, what the renderer itself writes."""
    if not placed(lane, step):
        return False
    written = write(found, lane, step.segment.line, step.elapsed or 0)
    return written == octets(_shown(renderer, step, found[0]))


def _shown(renderer: Renderer, step: Step, line: str) -> str:
    """Return what a renderer makes of a segment, without any trace in it."""
    copied: Renderer = object.__new__(type(renderer))
    vars(copied).update(vars(renderer))  # as `copy` does in the end
    holding = also(copied, Holding)
    return copied.step(step, [line]) if holding is None else holding.whole(step, [line])


def _octets_of(words: Callable[[int, Lang], str]) -> Callable[[int, Lang], str]:
    return lambda elapsed, lang: octets(words(elapsed, lang))


def _stand_in(step: Step) -> Step:
    segment, flow = step.segment, step.flow
    sent = bool(segment.length)
    src, dst = SOURCE, DESTINATION
    client, server = (src, dst) if step.sender == "client" else (dst, src)
    length = LENGTH if sent else 0
    own, theirs = (START, step.rel_seq), (ACK, step.rel_ack)
    return like(
        step._replace(
            symbols=_stand_in_symbols(step.symbols, *((own, theirs)[:: 1 if step.sender == "client" else -1]))
        ),
        _stand_in_segment(segment, src, dst, length),
        flow._replace(conn=CONN, client=client, server=server),
        elapsed=ELAPSED,
        seq=SEQ,
        ack=ACK_ABSOLUTE,
        rel_seq=START,
        rel_ack=ACK,
        window=SCALED,
        gained=COUNT,
    )


def _stand_in_symbols(symbols: Symbols, client: tuple[int, int | None], server: tuple[int, int | None]) -> Symbols:
    """Return symbols that stand to the stand-ins, (stand-in, number) of each side, as they do to the numbers."""
    fins = []
    for fin, (stand_in, number) in ((symbols.client_fin, client), (symbols.server_fin, server)):
        fins.append(None if fin is None or number is None else stand_in + fin - number)
    return symbols._replace(client_fin=fins[0], server_fin=fins[1])


def _stand_in_segment(segment: Segment, src: Endpoint, dst: Endpoint, length: int) -> Segment:
    return segment._replace(
        line=NUMBER,
        text=LINE,
        time=TIME,
        src=src,
        dst=dst,
        seq=None if segment.seq is None else PRINTED_SEQ,
        seq_last=None if segment.seq_last is None else PRINTED_SEQ + length,
        ack=PRINTED_ACK,
        window=WINDOW,
        length=length,
        options_text=_options_in(segment) or None,
        payload=PAYLOAD if segment.payload else None,
    )


def _options_in(segment: Segment) -> str:
    """Return the options of a segment with stand-ins in them."""
    return re.sub(r"TS val \d+ ecr \d+", f"TS val {VAL} ecr {ECR}", segment.options_text or "")


@lru_cache(FORMS)
def _expressions(options: str, lang: Lang, spelled: Callable[[float | str], str] | None) -> Mapping[str, str]:
    """Return what to write in place of each stand-in; `spelled` is how values are written, None: as they are."""
    known = {
        LINE: "found[0]",
        TIME: "found[1]",
        SOURCE.host: "lane.x.endpoint.host",
        str(SOURCE.port): "lane.x.endpoint.port",
        DESTINATION.host: "lane.peer.x.endpoint.host",
        str(DESTINATION.port): "lane.peer.x.endpoint.port",
        str(NUMBER): "number",
        str(CONN): "lane.conn_number",
        str(LENGTH): "found[12]",
        catalog.counted(LENGTH, "bytes"): "'1 byte' if found[12] == '1' else found[12] + ' bytes'",
        catalog.counted(COUNT, "bytes"): "'1 byte' if lane.gained == 1 else f'{lane.gained} bytes'",
        str(WINDOW): "found[7]",
        str(SCALED): "lane.scaled",
        str(COUNT): "lane.gained",
        str(START): "lane.begin",
        str(START + LENGTH): "lane.nxt",
        str(START + LENGTH - 1): "lane.nxt - 1",
        str(ACK): "lane.lastack",
        str(SEQ): f"lane.begin + lane.isn & {MASK}",
        str(SEQ + LENGTH): f"lane.nxt + lane.isn & {MASK}",
        str(SEQ + LENGTH - 1): f"lane.nxt - 1 + lane.isn & {MASK}",
        str(ACK_ABSOLUTE): f"lane.lastack + lane.peer.isn & {MASK}",
        str(PRINTED_SEQ): "found[4]",
        str(PRINTED_SEQ + LENGTH): "found[5]",
        str(PRINTED_ACK): "found[6]",
        str(VAL): "found[10] or found[8]",
        str(ECR): "found[11] or found[9]",
        "+" + catalog.span(ELAPSED, lang): "span(elapsed)",
        "+" + catalog.duration(ELAPSED, lang): "duration(elapsed)",
    }
    if options:
        known[options] = "options(found[0])"
    if spelled is not None:
        known |= {
            spelled(PAYLOAD): "spelled(found[13])",
            spelled(SOURCE.host): "spelled_end(lane.x.endpoint.host)",
            spelled(DESTINATION.host): "spelled_end(lane.peer.x.endpoint.host)",
            str(SOURCE.port): "spelled_end(lane.x.endpoint.port)",  # a number, or a name
            str(DESTINATION.port): "spelled_end(lane.peer.x.endpoint.port)",
            spelled(ELAPSED / NANO): f"spelled(elapsed / {NANO})",
        }
        if options:
            known[spelled(options)] = "spelled(options(found[0]))"
    return known


@lru_cache(maxsize=64)
def _apart(texts: frozenset[str]) -> re.Pattern[str]:
    """Return a pattern of `texts`, the longest first, where none is part of a longer word or number."""
    longest_first = sorted(texts, key=lambda text: (-len(text), text))
    return re.compile(rf"(?<![0-9A-Za-z])(?:{'|'.join(map(re.escape, longest_first))})(?![0-9A-Za-z])")


def _options(line: str) -> str:
    """Return the options of a line of the NEXT patterns, as printed."""
    return line.partition(", options [")[2].partition("]")[0]
