"""
Sentences: a step, finding or verdict in words, from the catalogue's templates and its values (R101).

Numbers are written in the style asked for (R4, R35); everything else is already in the record.
"""

from __future__ import annotations

from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING, Final, TypeAlias

from tdparse import catalog
from tdparse.model import CLOSE_WAIT, CLOSED, ESTABLISHED, FIN_WAIT_2, LAST_ACK, TIME_WAIT, Certainty, Standing, State
from tdparse.seqnum import MASK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tdparse.model import Finding, Lang, NumberStyle, Role, Step, Summary

SECOND: Final = 10**9
GUESSED: Final = 0.7  # below this confidence the roles are named as guesses (R94)
OF_RECEIVER: Final = frozenset(
    {"rst_ignored"}
)  # findings whose Y, to which something was sent before, sends the segment
OF_PEER: Final = frozenset({"acked_unseen", "dsack", "sack_gap"})  # findings whose octets are those of the receiver
ACTIVE_OPEN: Final = "handshake.syn_ack.simultaneous"  # R100: what happens to two programs that both connect
JOIN: Final = {"en": " ", "zh": ""}
# In which states an endpoint has processed the answer to what it repeats.
_OPENED: Final = frozenset({ESTABLISHED, FIN_WAIT_2, CLOSE_WAIT, LAST_ACK, TIME_WAIT})
_ANSWERED: Final[Mapping[str, frozenset[State]]] = {
    "handshake.syn.retransmit": _OPENED,
    "handshake.syn_ack.retransmit": _OPENED,
    "teardown.fin.retransmit": frozenset({FIN_WAIT_2, TIME_WAIT}),
}


def text(step: Step, lang: Lang, numbers: NumberStyle = "relative") -> str:
    """Return the sentence of a step with the clauses of its modifiers."""
    code, values = told_as(step), step.values
    field = "untimed" if code in _TIMED and "dt" not in values else "text"
    advice = None
    if code == "handshake.syn_ack.bad_ack" and step.rel_seq and _knows_isn(step):
        field = "other_isn"
    elif code == "stepless.truncated":
        field, advice = ("text", "advice_snaplen") if step.segment.truncated else ("quiet", "advice_quiet")
    elif code == "reset.ignored" and (step.server if step.sender == "client" else step.client).after.state is CLOSED:
        field = "closed"
    elif _brings_nothing(code, step):
        field = "empty"
    elif _is_other_fin(step):
        field = "open"
    elif code == "ack.window_update" and "raw_win" in step.modifiers:
        field = "raw"
    elif code == "handshake.ack_data" and (step.rel_seq not in _FIRST or step.segment.length == 1):
        field = "later"
    elif code == "teardown.ack.repeat" and values.get("n") == 1:  # which was not repeated
        code = "stepless.ack"
    elif _lacks_fin(step):
        field = "gap"
    return _filled(_step_form(code, field, step.modifiers, advice, lang, _known(step)), step, lang, numbers, values)


def told_as(step: Step) -> str:
    """
    Return the step whose words are true of this one.

    Data in a SYN alone is no Fast Open (R70); who has processed the answer to a SYN or FIN does not repeat it, so that
    the path has kept a copy (R17); an ACK of the SYN alone, whose SYN-ACK was not captured, confirms no data (R37).
    """
    code = step.step
    if code == "data.ack" and step.values.get("n") == 0:
        return "stepless.ack"
    if code == "handshake.syn.tfo_data" and step.segment.options.tfo is None:
        return "handshake.syn"
    answered = _ANSWERED.get(code)
    if answered is not None and "tentative" not in step.modifiers:
        x, y = (step.client, step.server) if step.sender == "client" else (step.server, step.client)
        if x.after.state in answered:
            return "stepless.stray" if y.after.state is CLOSED else "stepless.old_duplicate"
    return code


def _is_other_fin(step: Step) -> bool:
    """Tell whether a segment that belongs nowhere is a FIN of an endpoint that has sent one and is still closing (R53)."""
    if step.step != "stepless.stray":
        return False
    ours = step.client if step.sender == "client" else step.server
    return ours.after.state not in (CLOSED, TIME_WAIT)


def _brings_nothing(code: str, step: Step) -> bool:
    """Tell whether what is told as `code` is a SYN with a Fast Open cookie and no data: it can be accepted at once (R70)."""
    return code == "handshake.syn.tfo_data" and not step.segment.length


def _lacks_fin(step: Step) -> bool:
    """Tell whether nobody knows if a FIN is the first one although the log has its sender's SYN: it may lack one of the peer."""
    return step.step == "teardown.fin.first_seen" and _knows_isn(step)


def _knows_isn(step: Step) -> bool:
    """Tell whether the sender's ISN was printed, in this SYN or one before."""
    return step.symbols.client_isn if step.sender == "client" else step.symbols.server_isn


def finding_text(finding: Finding, step: Step, lang: Lang, numbers: NumberStyle = "relative") -> str:
    """Return the sentence of one finding of a step."""
    code, values = finding.code, finding.values
    if code in OF_RECEIVER:
        step = step._replace(sender=other(step.sender))
    if code == "syn_retransmission" and told_as(step) != step.step:
        code = "old_duplicate"
    field = _FINDING_FIELDS[code](finding, step) if code in _FINDING_FIELDS else "text"
    return _filled(_finding_form(code, field, lang, _known(step), _is_below(values)), step, lang, numbers, values)


def _is_below(values: Mapping[str, object]) -> bool:
    """Tell whether octets lie below those from which an excerpt counts (R35): a dash before a minus sign cannot be read."""
    first = values.get("first")
    return isinstance(first, int) and first < 0


def _timed(finding: Finding, _step: Step) -> str:
    return "text" if "dt" in finding.values else "untimed"


def _timed_reuse(finding: Finding, step: Step) -> str:
    """Nobody knows how long ago a connection ended that nothing in the log has ended."""
    return "untimed" if finding.values.get("ended") is False else _timed(finding, step)


def _syn_again(finding: Finding, step: Step) -> str:
    """What has answered a SYN in the log was lost behind the capture point, or is none that its sender accepts."""
    return "answered" if step.values.get("answered") else _timed(finding, step)


def _unseen(finding: Finding, _step: Step) -> str:
    """Where that is certain, octets behind the gap were captured."""
    return "some" if finding.confidence == "certain" else "text"


def _twice(finding: Finding, step: Step) -> str:
    """The octet of a keep-alive, or a SYN that a SYN-ACK repeats (simultaneous open), was sent twice on purpose."""
    syn = finding.values.get("last") == 0 == finding.values.get("first")
    return "again" if syn or step.step == "probe.keep_alive_ack" else "text"


def wanted(terminals: Iterable[str], lang: Lang) -> list[str]:
    """Return what could have stood where reading stopped: terminals of the grammar in words, each word once."""
    kinds = dict.fromkeys(_kinds().get(terminal, "") for terminal in terminals)
    return [catalog.sentence("terminal", kind, lang) for kind in kinds if kind]


def title(step: Step, lang: Lang) -> str:
    """Return the short name of a step."""
    code, field = named(step)
    return catalog.sentence("step", code, lang, field)


def named(step: Step) -> tuple[str, str]:
    """Return the code and the field of the catalogue that hold the short name of a step."""
    code, field = told_as(step), "title"
    if _brings_nothing(code, step):
        field = "title_empty"
    elif _is_other_fin(step):
        field = "title_open"
    elif _lacks_fin(step):
        field = "title_gap"
    return code, field


def api(step: Step, lang: Lang) -> str:
    """Return the effect of a segment on the applications that exist (R9); nobody accepts where both connect (R100)."""
    code = ACTIVE_OPEN if step.values.get("active") else told_as(step)
    phrase = catalog.reference("step", code).phrases.get("api")
    return "" if phrase is None else phrase.of(lang)


def verdict_text(summary: Summary, lang: Lang) -> str:
    """Return the name of the verdict, with what R117 and R120 add to it."""
    verdict, attributes = summary.verdict, summary.attributes
    parts = [catalog.sentence("verdict", verdict, lang, "title")]
    missing = attributes.get("not_captured")
    if isinstance(missing, str):
        parts.append(catalog.sentence("ui", f"not_captured_{missing}", lang))
    if verdict == "no_answer" and attributes.get("icmp"):
        parts.append(catalog.sentence("ui", "answered_by_icmp", lang))
    if verdict.startswith(_WAITING):
        silence = summary.marks.get("silence")
        if isinstance(silence, int) and silence > 0:
            parts.append(_say("log_goes_on", lang, dt=catalog.span(silence, lang)))
    return parts[0] if len(parts) == 1 else catalog.sentence("ui", "clause_join", lang).join(parts)


def notes(summary: Summary, lang: Lang) -> list[str]:
    """Return what else the whole incarnation shows: timers that ran, how SYNs were repeated, other evidence."""
    attributes = summary.attributes
    found = []
    for name, code in (("retry_schedule", "schedule_{}"), ("keep_alives_unanswered", "keep_alives_unanswered")):
        value = attributes.get(name)
        if value is not None:
            gives_up = attributes.get("gives_up_after")
            span = catalog.duration(round(gives_up * SECOND), lang) if isinstance(gives_up, int | float) else "?"
            found.append(_say(code.format(value), lang, n=value, dt=span))
    pending = [] if summary.marks.get("replaced") else list(summary.time_wait)
    timers = attributes.get("timers")
    for timer in timers if isinstance(timers, list) else ():
        fields = {"x": _role(timer["role"], lang), "n": timer.get("n")}
        found.append(catalog.fill(catalog.sentence("step", timer["step"], lang), fields))
        pending = [role for role in pending if role != timer["role"]]
    code = "pending_of" if _is_timed(summary) else "untimed_of"
    for role in pending:
        standing = waiting(summary, role)
        found.append(_say(code, lang, x=_role(role, lang), state=doubted(state_text(standing), standing, lang)))
    if attributes.get("rst_accepted"):
        found.append(catalog.sentence("ui", "rst_accepted", lang))
    if attributes.get("signed"):
        found.append(catalog.sentence("ui", "signed_unanswered", lang))
    stuck = attributes.get("stuck_size")
    if isinstance(stuck, dict):
        found.append(_say("stuck_size", lang, x=_role(stuck["role"], lang), n=stuck["octets"]))
    found += _icmp(summary, lang)
    unacked = attributes.get("unacked")
    for role, octets in unacked.items() if isinstance(unacked, dict) else ():
        told = catalog.sentence("finding", "unacked_data", lang)
        told = told.replace(" were ", " was ") if octets == 1 else told
        found.append(catalog.fill(told, {"x": _role(role, lang), "n": octets}))
    if (dropped := attributes.get("dropped")) is not None:
        found.append(catalog.fill(catalog.sentence("finding", "capture_drops", lang), {"n": dropped}))
    if attributes.get("evicted"):
        found.append(catalog.sentence("ui", "evicted", lang))
    return found


def _icmp(summary: Summary, lang: Lang) -> list[str]:
    """Return which ICMP errors quote the connection, as far as they are kept."""
    icmp = summary.attributes.get("icmp")
    return [_say("icmp", lang, **message) for message in icmp] if isinstance(icmp, list) else []


def lines_text(first: int, last: int, lang: Lang) -> str:
    """Return which lines of a log something stands in."""
    if first == last:
        return catalog.fill(catalog.sentence("ui", "lines", lang, "one"), {"first": first})
    return _say("lines", lang, first=first, last=last)


def doubted(text: str, standing: Standing, lang: Lang) -> str:
    """Return `text`, which `standing` is about, with its certainty in words: a mark alone needs a legend."""
    doubts = [] if standing.certainty is Certainty.OBSERVED else [standing.certainty.value]
    doubts += ["ambiguous"] if standing.alternatives else []
    if not doubts or standing.state is State.UNKNOWN:
        return text
    words = catalog.sentence("ui", "comma", lang).join(catalog.sentence("certainty", doubt, lang) for doubt in doubts)
    return _say("doubted", lang, state=text, doubt=words)


def waiting(summary: Summary, role: Role) -> Standing:
    """Return the TIME-WAIT of an endpoint that holds it (R143); of one that has ended meanwhile nothing more is known."""
    standing = summary.client_state if role == "client" else summary.server_state
    return standing if standing.state is TIME_WAIT else _WAITED


def likeness(summary: Summary) -> tuple[object, ...] | None:
    """
    Return all that `notes`, `cause` and `check` say comes from.

    None where it is so much that few connections are alike: numbers of their own.
    """
    attributes = summary.attributes
    if not _OWN.isdisjoint(attributes):
        return None
    timers = attributes.get("timers")
    ran_out = [(timer["step"], timer["role"], timer.get("n")) for timer in timers] if isinstance(timers, list) else ()
    flags = (*map(attributes.get, _TOLD), summary.marks.get("replaced"))
    return (summary.verdict, summary.time_wait, flags, _has_no_proof(summary), _is_timed(summary), *ran_out)


_TOLD: Final = ("evicted", "rst_accepted", "signed")
_OWN: Final = frozenset({"retry_schedule", "keep_alives_unanswered", "stuck_size", "icmp", "unacked", "dropped"})
_WAITED: Final = Standing(TIME_WAIT, Certainty.OBSERVED)
_WAITING: Final = ("still_open.", "half_closed.")  # verdicts that a longer log might have changed


def _is_timed(summary: Summary) -> bool:
    """Tell whether the log has shown the times of a connection, without which nothing is over or not (R98)."""
    return "duration" in summary.metrics


def _say(code: str, lang: Lang, /, **values: object) -> str:
    return catalog.fill(catalog.sentence("ui", code, lang), values)


def other_tools(summary: Summary, lang: Lang) -> list[str]:
    """Return what Zeek, Wireshark and a Linux firewall call the connection (R122 to R126)."""
    values = {"zeek": summary.zeek, "history": summary.history or "-", "completeness": summary.completeness}
    told = [catalog.fill(catalog.sentence("ui", code, lang), values) for code in ("zeek", "completeness")]
    tracked = summary.attributes.get("conntrack")
    return (
        told
        if tracked is None
        else [*told, catalog.fill(catalog.sentence("ui", "conntrack", lang), {"conntrack": tracked})]
    )


def cause(summary: Summary, lang: Lang) -> str:
    """
    Return the likely cause, hedged (R121); evidence that the log does not hold is left out.

    A SYN that an ICMP error has come for was not dropped silently (R120): the error is what is known.
    """
    if summary.verdict == "no_answer" and (quoting := _icmp(summary, lang)):
        return JOIN[lang].join(quoting)
    told = catalog.sentence("verdict", summary.verdict, lang, "cause")
    return told[: told.index(_STOP[lang]) + 1] if _has_no_proof(summary) else told


_STOP: Final = {"en": ".", "zh": "。"}


def _has_no_proof(summary: Summary) -> bool:
    """Tell whether one side alone was captured and no ack of it printed, which would show that there was another."""
    if not summary.verdict.startswith("one_sided."):
        return False
    acked = summary.metrics.get("acked_bytes")
    return not isinstance(acked, dict) or all(count is None for count in acked.values())


def check(summary: Summary, lang: Lang) -> str:
    """Return what to check next."""
    return catalog.sentence("verdict", summary.verdict, lang, "check")


def numbers_text(step: Step, style: NumberStyle) -> str:
    """
    Return the numbers of a segment in one style, ``seq 1:84, ack 1``: those the log shows, "" for none.

    Where an absolute number is not known the relative one stands for it. Symbolic numbers are those of R4; a
    FIN behind payload has its letter at the end of the range.
    """
    ack = step.ack if _is_foreign(step.rel_ack, step.ack) else step.rel_ack
    relative: tuple[int | None, ...] = (step.rel_seq, step.rel_end, ack)
    if style == "relative":
        return _listed(step, relative)
    absolute = (step.seq, step.seq_end, step.ack)
    if style == "symbolic":
        fields = _Fields(step, "en", style, step.values)
        first, end = (fields.own(*pair, symbolic=True) for pair in zip(relative[:2], absolute[:2], strict=True))
        acked = None if step.rel_ack is None and step.ack is None else fields.sym_ack()
        return _listed(step, (first, end, acked))
    if style == "both" and absolute != (None, None, None):
        return f"{_listed(step, relative)} ({_listed(step, absolute)})".replace(" ()", "")
    if style == "absolute":
        relative = tuple(rel if number is None else number for rel, number in zip(relative, absolute, strict=True))
    return _listed(step, relative)


def _is_foreign(relative: int | None, absolute: int | None) -> bool:
    """Tell whether a number acknowledged is below the ISN, so that it is shown as it is: it belongs to something else."""
    return relative is not None and relative < 0 and absolute is not None


def _listed(step: Step, numbers: tuple[object, ...]) -> str:
    first, end, ack = numbers
    acked = "" if ack is None else f"ack {ack}"
    if first is None or not step.seq_printed:
        return acked
    sent = f"seq {first}" if first == end else f"seq {first}:{end}"
    return f"{sent}, {acked}" if acked else sent


def state_text(standing: Standing) -> str:
    """Return a state as R5 displays it: RFC hyphens, certainty mark, alternatives."""
    return str(standing)


# ------------------------------------------------------------------ values into words

_TIMED: Final = frozenset({"handshake.syn.retransmit", "data.retransmit", "probe.keep_alive"})
_FIRST: Final = (1, None)  # where the first octet is, or where it may be for all that is known
# Which sentence of a finding is true of it, where it has several.
_FINDING_FIELDS: Final[Mapping[str, Callable[[Finding, Step], str]]] = {
    **dict.fromkeys(("retransmission", "fin_retransmission", "keep_alive", "time_wait_reuse"), _timed),
    "port_reuse": _timed_reuse,
    "syn_retransmission": _syn_again,
    "acked_unseen": _unseen,
    "dsack": _twice,
    "lost_segment": lambda finding, _: "one" if finding.values.get("n") == 1 else "text",
    "truncated_record": lambda _, step: "text" if step.segment.truncated else "quiet",
}


class _Fields:
    """The placeholders of R101, each worked out where a template asks for it."""

    __slots__ = ("_extra", "_lang", "_numbers", "_step")

    def __init__(self, step: Step, lang: Lang, numbers: NumberStyle, extra: Mapping[str, object]) -> None:
        self._step = step
        self._lang: Lang = lang
        self._numbers = numbers
        self._extra = extra

    def given(self, name: str) -> object:
        """Return a value that has no form of its own."""
        value = self._extra.get(name)
        return "?" if value is None else value

    # -- who

    def role(self, role: Role) -> str:
        flow = self._step.flow
        if flow.role_confidence >= GUESSED:
            return _role(role, self._lang)
        endpoint = flow.client if role == "client" else flow.server
        return catalog.fill(catalog.sentence("role", "guessed", self._lang), {"address": endpoint})

    def sender(self) -> str:
        return self._named(self._step.sender)

    def receiver(self) -> str:
        return self._named(other(self._step.sender))

    def _named(self, role: Role) -> str:
        """Name an end inside a sentence: Chinese has a blank between an address and the words behind it."""
        guessed = self._step.flow.role_confidence < GUESSED
        return f"{self.role(role)} " if guessed and self._lang == "zh" else self.role(role)

    # -- numbers

    def own(self, relative: int | None, absolute: int | None, *, symbolic: bool, isn: bool = False) -> str:
        """Write a number of the sender's space."""
        return self._write(self._step.sender, relative, absolute, symbolic=symbolic, isn=isn)

    def peers(self, relative: int | None, absolute: int | None, *, symbolic: bool) -> str:
        """Write a number of the receiver's space; below its ISN it counts in another one, and from anywhere."""
        if _is_foreign(relative, absolute):
            return str(absolute)
        return self._write(other(self._step.sender), relative, absolute, symbolic=symbolic)

    def _write(
        self, space: Role, relative: int | None, absolute: int | None, *, symbolic: bool, isn: bool = False
    ) -> str:
        style = self._numbers
        if style == "symbolic" and symbolic:
            return self._symbol(space, relative, absolute)
        if relative is None:
            return unknown_number(absolute)
        if absolute is None or style == "symbolic":
            return str(relative)
        if style == "absolute":
            return str(absolute)
        if style == "both" or isn:
            # An ISN is never "0" on the wire: say the real one, and what it is counted from.
            shown = {"relative": relative, "absolute": absolute}
            return catalog.fill(catalog.sentence("ui", "number_isn" if isn else "number_both", self._lang), shown)
        return str(relative)

    def _symbol(self, space: Role, relative: int | None, absolute: int | None) -> str:
        """R4: j, k, m, n."""
        symbols = self._step.symbols
        client = space == "client"
        fin = symbols.client_fin if client else symbols.server_fin
        if fin is not None and relative is not None and relative in (fin, fin + 1):
            own_fin = relative == fin and "F" in (self._step.segment.flags or "") and space == self._step.sender
            letter = "m" if symbols.first_fin == space else "n"
            if relative == fin + 1:
                return f"{letter}+1"
            if own_fin:
                return letter
        if relative is None or not (symbols.client_isn if client else symbols.server_isn):
            return unknown_number(absolute if absolute is not None else relative)
        letter = "j" if client else "k"
        return f"{letter}{relative:+d}" if relative else letter

    def sym_seq(self) -> str:
        step = self._step
        fin = "F" in (step.segment.flags or "")
        # The number of a FIN is the one behind its payload (R4, R59).
        relative, absolute = (step.rel_end, step.seq_end) if fin else (step.rel_seq, step.seq)
        return self.own(relative, absolute, symbolic=True, isn="S" in (step.segment.flags or "") and relative == 0)

    def sym_ack(self) -> object:
        ack = self._step.rel_ack
        if self._numbers == "relative" and ack is not None and ack >= 0:
            return ack  # the commonest by far
        return self.peers(self._step.rel_ack, self._step.ack, symbolic=True)

    def seq_abs(self) -> str:
        """{seq_abs}, or the number itself where nobody knows what it counts from (R4)."""
        step = self._step
        absolute, relative = (
            (step.seq_end, step.rel_end) if "F" in (step.segment.flags or "") else (step.seq, step.rel_seq)
        )
        return unknown_number(relative if absolute is None else absolute)

    def octet(self, name: str, offset: int) -> str:
        """First or last octet of the payload, or of the range that a finding or the step itself names."""
        given = self._extra.get(name)
        step = self._step
        if isinstance(given, int):
            relative = given
        elif step.rel_seq is None or step.rel_end is None:
            return "?"
        else:
            syn = 1 if "S" in (step.segment.flags or "") else 0
            relative = step.rel_seq + syn if name == "first" else step.rel_end + syn - offset
        return self.own(relative, _wire(relative, step.rel_seq, step.seq), symbolic=False)

    def confirmed(self, name: str) -> str:
        """{ack}, first or last octet of the receiver's that a finding names."""
        given = self._extra.get(name)
        if not isinstance(given, int):
            return "?"
        step = self._step
        return self._write(other(step.sender), given, _wire(given, step.rel_ack, step.ack), symbolic=False)

    def seq(self) -> str:
        """{seq}: a canonical relative number."""
        return self.own(self._step.rel_seq, self._step.seq, symbolic=False)

    def ack(self) -> str:
        """{ack}: the canonical relative number that is acknowledged, or that a finding names."""
        if isinstance(self._extra.get("ack"), int):
            return self.confirmed("ack")
        return self.peers(self._step.rel_ack, self._step.ack, symbolic=False)

    # -- the rest

    def window(self) -> str:
        given = self._extra.get("win")
        if isinstance(given, int):
            return str(given)
        scaled = self._step.window_scaled
        return str(self._step.segment.window if scaled is None else scaled)

    def length(self) -> str:
        given = self._extra.get("len")
        return str(given if isinstance(given, int) else self._step.segment.length)

    def span(self) -> str:
        given = self._extra.get("dt")
        return catalog.duration(given, self._lang) if isinstance(given, int) else "?"

    def hint(self) -> str:
        code = "timer" if self._extra.get("timer") else "unknown"
        return catalog.sentence("rto_hint", code, self._lang)

    def alternatives(self) -> str:
        """{alt}: the second reading of R27 for both endpoints."""
        step, parts = self._step, []
        both: tuple[tuple[Role, Standing], ...] = (("client", step.client.after), ("server", step.server.after))
        for role, standing in both:
            if standing.alternatives:
                shown = {"x": self.role(role), "state": standing.alternatives[0]}
                parts.append(catalog.fill(catalog.sentence("ui", "states", self._lang), shown))
        return catalog.sentence("ui", "states_join", self._lang).join(parts)

    def flags(self) -> str:
        given = self._extra.get("flags")
        return str(given) if isinstance(given, str) else self._step.segment.flags or "none"


_FIELDS: Final[Mapping[str, Callable[[_Fields], object]]] = {
    "x": _Fields.sender,
    "y": _Fields.receiver,
    "sym_seq": _Fields.sym_seq,
    "sym_ack": _Fields.sym_ack,
    "seq": _Fields.seq,
    "ack": _Fields.ack,
    "seq_abs": _Fields.seq_abs,
    "first": lambda fields: fields.octet("first", 0),
    "last": lambda fields: fields.octet("last", 1),
    "win": _Fields.window,
    "len": _Fields.length,
    "dt": _Fields.span,
    "rto_hint": _Fields.hint,
    "alt": _Fields.alternatives,
    "flags": _Fields.flags,
}
_FIELDS_OF_PEER: Final[Mapping[str, Callable[[_Fields], object]]] = {
    **_FIELDS,
    "first": lambda fields: fields.confirmed("first"),
    "last": lambda fields: fields.confirmed("last"),
}


Form: TypeAlias = "tuple[str, tuple[Callable[[_Fields], object], ...]]"


@lru_cache(maxsize=1024)
def _step_form(
    code: str, field: str, modifiers: tuple[str, ...], advice: str | None, lang: Lang, sender: Role | None
) -> Form:
    """Return what is said of a step and its modifiers, as `_form`: few of all the combinations there are come at all."""
    clauses = [catalog.sentence("step", code, lang, field)]
    if code == "handshake.ack" and sender == "server":  # R62: in a split handshake it acknowledges the client's SYN
        clauses[0] = clauses[0].replace(_role("server", lang), "{y}")
    clauses += [catalog.sentence("modifier", modifier, lang) for modifier in modifiers]
    if advice is not None:
        clauses.append(catalog.sentence("ui", advice, lang))
    return _form(JOIN[lang].join(filter(None, clauses)), lang, sender)


@cache
def _finding_form(code: str, field: str, lang: Lang, sender: Role | None, below: bool) -> Form:  # noqa: FBT001  cached
    """Return what is said of a finding, as `_form`; `below`: about octets with a minus sign."""
    fields = _FIELDS_OF_PEER if code in OF_PEER else _FIELDS
    template = catalog.sentence("finding", code, lang, field)
    return _form(template.replace("-{last}", "…{last}") if below else template, lang, sender, fields)


def _form(
    template: str, lang: Lang, sender: Role | None, fields: Mapping[str, Callable[[_Fields], object]] = _FIELDS
) -> Form:
    """
    Return a template as a format of the ``%`` operator, and what makes each of its values.

    Where it is known who `sender` is, the ends are named in it already. Without values it is the sentence itself.
    """
    if sender is not None:
        template = template.replace("{x}", _role(sender, lang)).replace("{y}", _role(other(sender), lang))
    form, names = catalog.parts(template)
    makers = tuple(_maker(name, fields) for name in names)
    return (form if makers else template), makers


def _maker(name: str, fields: Mapping[str, Callable[[_Fields], object]]) -> Callable[[_Fields], object]:
    """Return what makes the value of a placeholder, with the noun that it counts if there is one."""
    name, _, nouns = name.partition(" ")
    make = fields.get(name) or partial(_given, name)
    return partial(_counted, make, nouns) if nouns else make


def _known(step: Step) -> Role | None:
    """Return who has sent a segment, None where it is guessed (R94)."""
    return step.sender if step.flow.role_confidence >= GUESSED else None


def _filled(made: Form, step: Step, lang: Lang, numbers: NumberStyle, values: Mapping[str, object]) -> str:
    form, makers = made
    if not makers:
        return form
    fields = _Fields(step, lang, numbers, values)
    return form % tuple([make(fields) for make in makers])


@cache
def _kinds() -> Mapping[str, str]:
    """Return terminal → the code of the words that stand for it: the one of the same name, where none are listed."""
    return {
        terminal: code
        for code in catalog.codes("terminal")
        for terminal in catalog.entry("terminal", code).lists.get("terminals", (code.upper(),))
    }


@cache
def _role(role: Role, lang: Lang) -> str:
    return catalog.sentence("role", role, lang)


def _given(name: str, fields: _Fields) -> object:
    return fields.given(name)


def _counted(make: Callable[[_Fields], object], nouns: str, fields: _Fields) -> str:
    return catalog.counted(make(fields), nouns)


def other(role: Role) -> Role:
    """Return the other side."""
    return "server" if role == "client" else "client"


def _wire(relative: int, known: int | None, absolute: int | None) -> int | None:
    """Return a relative number as it is on the wire, by another one of its space that is known both ways."""
    return None if known is None or absolute is None else (absolute + relative - known) & MASK


def unknown_number(value: int | None) -> str:
    """Return the number as printed, or a question mark where the log does not tell it."""
    return "?" if value is None else str(value)
