"""Printed TCP options become values."""

from __future__ import annotations

import pytest
from played import conversation

from tdparse import options
from tdparse.options import NO_OPTIONS, Options, decode, taken

CASES = [
    ("mss 1460,sackOK,TS val 900 ecr 0,nop,wscale 7", Options(mss=1460, sack_ok=True, ts=(900, 0), wscale=7)),
    ("nop,nop,sack 2 {4001:5001}{2001:3001}", Options(sack=((4001, 5001), (2001, 3001)))),
    ("nop,nop,sack 0 ", Options()),
    ("sack invalid sack,eol", Options(bad="invalid sack")),
    ("tfo  cookiereq,eol", Options(tfo="cookiereq")),
    ("tfo  cookie a335935680ff9a41,eol", Options(tfo="a335935680ff9a41")),
    ("exp-tfo cookie f0772a6a0a15d51e", Options(tfo="f0772a6a0a15d51e")),
    ("tfo  (invalid),wscale 7", Options(wscale=7)),
    ("exp-tfo (invalid),eol", Options()),
    ("nop,nop,cc 7,nop,nop, 8", Options(cc=7, cc_echo=8)),
    ("scps cap 80 id 5", Options(scps="cap 80 id 5")),
    ("uto 0x2 1", Options(uto="0x2 1")),
    ("tcp-ao keyid 100 rnextkeyid 84 mac 0xdf79", Options(tcp_ao="keyid 100 rnextkeyid 84 mac 0xdf79")),
    ("unknown-253 0xf989f9be9f4e,unknown-77", Options(unknown=((253, "f989f9be9f4e"), (77, "")))),
    ("mss 1281[len 3]", Options(mss=1281)),
    ("nop,[bad opt]", Options(bad="[bad opt]")),
    ("mss 1460,unknown-172 0x [|tcp]", Options(mss=1460, bad="unknown-172 0x [|tcp]")),
    ("mptcp 4 unknown,mss [|mptcp]", Options(mptcp=("4 unknown",), bad="mss [|mptcp]")),
    ("mss 1460,sackOK,TS [|tcp]", Options(mss=1460, sack_ok=True, bad="TS [|tcp]")),
    (
        "mptcp 22 capable v1 flags [H] {0x97c30f9472787d88,0xc6fbb257c675f731,data_len=24964},eol",
        Options(mptcp=("22 capable v1 flags [H] {0x97c30f9472787d88,0xc6fbb257c675f731,data_len=24964}",)),
    ),
    (
        "md5 shared secret not supplied with -M, can't check - d16564cb1cdbe2e712a66779fd62cda7",
        Options(md5="shared secret not supplied with -M, can't check - d16564cb1cdbe2e712a66779fd62cda7"),
    ),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_options_are_decoded(text: str, expected: Options) -> None:
    """Each option gives its value."""
    assert decode(text) == expected


STAMPED = [
    "TS val 7 ecr 8,TS val 9 ecr 10",
    "nop,TS val 123456789012345678901 ecr 8,TS val 9 ecr 10",
    "TS val 7 ecr 8[len 10],TS val 9 ecr 10",
    "nonsense,TS val 7 ecr 8",
    "TS val 7 ecr 8,nonsense",
    "TS val 7 ecr 8 nop",
    "mptcp 4 rem-addr id 0,TS val 7 ecr 8,mptcp 8 dss",
    "TS val 7 ecr 8,nop,nop,sack 1 {4001:5001}",
    "TS val 7 ecr 8,nop,nop,sack 3 {4001:5001}{0:4294967295}{01:2}",
    "TS val 7 ecr 8,nop,nop,sack 1 {4001:4294967296}",
    "TS val 7 ecr 8,nop,nop,sack 1 {4001:5001},eol",
    "TS val 7 ecr 8,nop,nop,sack 2 {4001:5001}",
    "TS val 7 ecr 8,sack 1 {4001:5001}[len 10]",
    "TS val 7 ecr 8,sack 1 {1:2},sack 1 {3:4}",
    "sack 1 {1:2},TS val 7 ecr 8,sack 1 {3:4}",
    "sack 1 {1:2},TS val 7 ecr 8",
    "TS val 7 ecr 8,{1:2}",
    "TS val 7 ecr 8,sack 0 ",
    "TS val 7 ecr 8,\n",
]


@pytest.mark.parametrize("text", STAMPED)
def test_timestamps_are_where_reading_one_by_one_finds_them(text: str) -> None:
    """What is remembered of the other options is what reading them all gives."""
    assert decode(text) == options._read(text)


@pytest.mark.parametrize("text", [None, ""])
def test_no_options(text: str | None) -> None:
    """Nothing printed is nothing decoded."""
    assert decode(text) is NO_OPTIONS


@pytest.mark.parametrize("order", ["{},{}", "{1},{0}", "nop,{},md5 can't check - 00ff[len 20],{}"])
@pytest.mark.parametrize("misfit", ["wscale 7[len 4]", "mss 257[len 2]", "sackOK[len 3]", "TS val 1 ecr 1026[len 8]"])
def test_an_option_of_another_length_is_printed_and_not_taken(misfit: str, order: str) -> None:
    """RFC 9293 section 3.2: Linux answers a SYN with one as if it were not there; what is printed is kept."""
    text = order.format(misfit, "scps cap 80 id 1")
    assert taken(text)._replace(md5=None) == Options(scps="cap 80 id 1")
    shown = decode(text)
    assert [shown.wscale, shown.mss, shown.sack_ok, shown.ts].count(None) == 3


def test_what_is_not_taken_is_not_agreed_on() -> None:
    """R75-R78: windows, sizes and timestamps are as if the option were missing."""
    text = "C S <mss 257[len 2],wscale 7[len 4],TS val 1 ecr 0[len 9]>\nS S. <mss 1460,wscale 7,TS val 9 ecr 1>"
    steps, (end,) = conversation(f"{text}\nC .\nS P. 500")
    assert [step.window_scaled for step in steps[2:]] == [512, 512]
    assert end.metrics["mss"] == {"client": None, "server": 1460}
    assert end.metrics["mss_effective"] == {"client": 1460, "server": 536}
    assert {"mss_exceeded", "ts_missing"}.isdisjoint(end.findings)
