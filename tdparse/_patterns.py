"""Patterns derived from grammar/tcpdump.lark by tdparse.derive: do not edit."""

# ruff: noqa
# fmt: off

from __future__ import annotations

from typing import Final

CLOCKED: Final = (
    '(?:(?P<clock>\\d\\d:\\d\\d:\\d\\d\\.\\d{6,10}(?! >|:)) )?(?P<word>IP |IP6 )?(?P<src>[\\w.:+\\/*-]+(?= > |: )) '
    '> (?P<dst>[\\w.:+\\/*-]+(?= > |: )): Flags \\[(?P<flags>[FSRP.UEWe]{1,9}|none)\\](?:, seq (?P<seq>\\d{1,2'
    '0})(?::(?P<seq_last>\\d{1,20}))?)?(?:, ack (?P<ack>\\d{1,20}))?, win (?P<window>\\d{1,20})(?:, options '
    '\\[(?P<options>(?:nop|eol|mss \\d{1,20}|wscale \\d{1,20}|sackOK|sack (?:\\d{1,20} (?:\\{\\d{1,20}:\\d{1,20}'
    '\\})*|invalid sack)|TS val \\d{1,20} ecr \\d{1,20}|tfo  (?:cookiereq|cookie [0-9a-f]+| ?\\(?invalid\\)?)|'
    'md5 (?:(?:[a-zA-Z][^\\]\\[]* - )?[0-9a-f]+|valid| ?\\(?invalid\\)?)|tcp-ao (?:keyid \\d{1,20} rnextkeyid '
    '\\d{1,20}(?: mac 0x[0-9a-f]+)?| ?\\(?invalid\\)?)|uto 0x[0-9a-f]+ \\d{1,20}|mptcp (?: flags \\[\\w+\\]| \\[b'
    'ad version\\/echo\\]|\\{[^{}]*\\}|[^]\\[{},])+|echo \\d{1,20}|echoreply \\d{1,20}|cc \\d{1,20}|ccnew \\d{1,20'
    '}|(?:ccecho | (?=\\d))\\d{1,20}|scps cap [0-9a-f]+ id \\d{1,20}|(?:exp-[0-9a-f]{4}|exp-tfo (?:cookiereq'
    '|cookie [0-9a-f]+| ?\\(?invalid\\)?))|unknown-\\d{1,20}(?: 0x[0-9a-f]+)?)(?:\\[len \\d{1,3}\\])?(?:,(?:nop'
    '|eol|mss \\d{1,20}|wscale \\d{1,20}|sackOK|sack (?:\\d{1,20} (?:\\{\\d{1,20}:\\d{1,20}\\})*|invalid sack)|T'
    'S val \\d{1,20} ecr \\d{1,20}|tfo  (?:cookiereq|cookie [0-9a-f]+| ?\\(?invalid\\)?)|md5 (?:(?:[a-zA-Z][^'
    '\\]\\[]* - )?[0-9a-f]+|valid| ?\\(?invalid\\)?)|tcp-ao (?:keyid \\d{1,20} rnextkeyid \\d{1,20}(?: mac 0x[0'
    '-9a-f]+)?| ?\\(?invalid\\)?)|uto 0x[0-9a-f]+ \\d{1,20}|mptcp (?: flags \\[\\w+\\]| \\[bad version\\/echo\\]|\\'
    '{[^{}]*\\}|[^]\\[{},])+|echo \\d{1,20}|echoreply \\d{1,20}|cc \\d{1,20}|ccnew \\d{1,20}|(?:ccecho | (?=\\d)'
    ')\\d{1,20}|scps cap [0-9a-f]+ id \\d{1,20}|(?:exp-[0-9a-f]{4}|exp-tfo (?:cookiereq|cookie [0-9a-f]+| ?'
    '\\(?invalid\\)?))|unknown-\\d{1,20}(?: 0x[0-9a-f]+)?)(?:\\[len \\d{1,3}\\])?)*)\\])?, length (?P<length>\\d{'
    '1,20})(?:(?:: |, | |:)(?P<payload>.+)?)?'
)
CLOCKED_FIELDS: Final = ('clock', 'word', 'src', 'dst', 'flags', 'seq', 'seq_last', 'ack', 'window', 'options', 'length', 'payload')
DATED: Final = (
    '(?:(?P<date>\\d\\d\\d\\d-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d{6,10}(?! >|:)) )?(?P<word>IP |IP6 )?(?P<src>[\\w.:+'
    '\\/*-]+(?= > |: )) > (?P<dst>[\\w.:+\\/*-]+(?= > |: )): Flags \\[(?P<flags>[FSRP.UEWe]{1,9}|none)\\](?:, '
    'seq (?P<seq>\\d{1,20})(?::(?P<seq_last>\\d{1,20}))?)?(?:, ack (?P<ack>\\d{1,20}))?, win (?P<window>\\d{1'
    ',20})(?:, options \\[(?P<options>(?:nop|eol|mss \\d{1,20}|wscale \\d{1,20}|sackOK|sack (?:\\d{1,20} (?:\\'
    '{\\d{1,20}:\\d{1,20}\\})*|invalid sack)|TS val \\d{1,20} ecr \\d{1,20}|tfo  (?:cookiereq|cookie [0-9a-f]+'
    '| ?\\(?invalid\\)?)|md5 (?:(?:[a-zA-Z][^\\]\\[]* - )?[0-9a-f]+|valid| ?\\(?invalid\\)?)|tcp-ao (?:keyid \\d'
    '{1,20} rnextkeyid \\d{1,20}(?: mac 0x[0-9a-f]+)?| ?\\(?invalid\\)?)|uto 0x[0-9a-f]+ \\d{1,20}|mptcp (?: '
    'flags \\[\\w+\\]| \\[bad version\\/echo\\]|\\{[^{}]*\\}|[^]\\[{},])+|echo \\d{1,20}|echoreply \\d{1,20}|cc \\d{1'
    ',20}|ccnew \\d{1,20}|(?:ccecho | (?=\\d))\\d{1,20}|scps cap [0-9a-f]+ id \\d{1,20}|(?:exp-[0-9a-f]{4}|ex'
    'p-tfo (?:cookiereq|cookie [0-9a-f]+| ?\\(?invalid\\)?))|unknown-\\d{1,20}(?: 0x[0-9a-f]+)?)(?:\\[len \\d{'
    '1,3}\\])?(?:,(?:nop|eol|mss \\d{1,20}|wscale \\d{1,20}|sackOK|sack (?:\\d{1,20} (?:\\{\\d{1,20}:\\d{1,20}\\}'
    ')*|invalid sack)|TS val \\d{1,20} ecr \\d{1,20}|tfo  (?:cookiereq|cookie [0-9a-f]+| ?\\(?invalid\\)?)|md'
    '5 (?:(?:[a-zA-Z][^\\]\\[]* - )?[0-9a-f]+|valid| ?\\(?invalid\\)?)|tcp-ao (?:keyid \\d{1,20} rnextkeyid \\d'
    '{1,20}(?: mac 0x[0-9a-f]+)?| ?\\(?invalid\\)?)|uto 0x[0-9a-f]+ \\d{1,20}|mptcp (?: flags \\[\\w+\\]| \\[bad'
    ' version\\/echo\\]|\\{[^{}]*\\}|[^]\\[{},])+|echo \\d{1,20}|echoreply \\d{1,20}|cc \\d{1,20}|ccnew \\d{1,20}|'
    '(?:ccecho | (?=\\d))\\d{1,20}|scps cap [0-9a-f]+ id \\d{1,20}|(?:exp-[0-9a-f]{4}|exp-tfo (?:cookiereq|c'
    'ookie [0-9a-f]+| ?\\(?invalid\\)?))|unknown-\\d{1,20}(?: 0x[0-9a-f]+)?)(?:\\[len \\d{1,3}\\])?)*)\\])?, len'
    'gth (?P<length>\\d{1,20})(?:(?:: |, | |:)(?P<payload>.+)?)?'
)
DATED_FIELDS: Final = ('date', 'word', 'src', 'dst', 'flags', 'seq', 'seq_last', 'ack', 'window', 'options', 'length', 'payload')
MODERN: Final = (
    '(?P<number> *\\d{1,10}  )?(?:caplen \\d+ len \\d+ )?(?:(?P<clock>\\d\\d:\\d\\d:\\d\\d\\.\\d{6,10}(?! >|:)) |(?P'
    '<epoch>\\d{1,12}\\.\\d{6,10}(?! >|:)) |(?P<date>\\d\\d\\d\\d-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d{6,10}(?! >|:)) |('
    '?P<delta>[ -]\\d\\d:\\d\\d:\\d\\d\\.\\d{6,10}(?! >|:)) )?(?:(?P<device>(?:(?!(?:In|Out|[BMP]|IP6?) )[\\w.@:-]'
    '+ +|\\?     )(?=(?:In |Out|B  |M  |P  |\\?  ) ))?(?P<direction>(?:In |Out|B  |M  |P  |\\?  ) ))?(?P<wor'
    'd>IP |IP6 )?(?P<src>[\\w.:+\\/*-]+(?= > |: )) > (?P<dst>[\\w.:+\\/*-]+(?= > |: )): Flags \\[(?P<flags>[FS'
    'RP.UEWe]{1,9}|none)\\](?:, cksum 0x[0-9a-f]{4} \\((?:(?P<correct>correct)\\)|(?P<incorrect>incorrect) -'
    '> 0x[0-9a-f]{4}\\)))?(?:, seq (?P<seq>\\d{1,20})(?::(?P<seq_last>\\d{1,20}))?)?(?:, ack (?P<ack>\\d{1,20'
    '})|, \\[ack \\d{1,20} != 0 while ACK flag not set\\])?, win (?P<window>\\d{1,20})(?:, urg (?P<urgent>\\d{'
    '1,20})|, \\[urg \\d{1,20} != 0 while URG flag not set\\])?(?:(?:, options \\[(?P<options>(?:nop|eol|mss '
    '\\d{1,20}|wscale \\d{1,20}|sackOK|sack (?:\\d{1,20} (?:\\{\\d{1,20}:\\d{1,20}\\})*|invalid sack)|TS val \\d{'
    '1,20} ecr \\d{1,20}|tfo  (?:cookiereq|cookie [0-9a-f]+| ?\\(?invalid\\)?)|md5 (?:(?:[a-zA-Z][^\\]\\[]* - '
    ')?[0-9a-f]+|valid| ?\\(?invalid\\)?)|tcp-ao (?:keyid \\d{1,20} rnextkeyid \\d{1,20}(?: mac 0x[0-9a-f]+)?'
    '| ?\\(?invalid\\)?)|uto 0x[0-9a-f]+ \\d{1,20}|mptcp (?: flags \\[\\w+\\]| \\[bad version\\/echo\\]|\\{[^{}]*\\}'
    '|[^]\\[{},])+|echo \\d{1,20}|echoreply \\d{1,20}|cc \\d{1,20}|ccnew \\d{1,20}|(?:ccecho | (?=\\d))\\d{1,20}'
    '|scps cap [0-9a-f]+ id \\d{1,20}|(?:exp-[0-9a-f]{4}|exp-tfo (?:cookiereq|cookie [0-9a-f]+| ?\\(?invali'
    'd\\)?))|unknown-\\d{1,20}(?: 0x[0-9a-f]+)?)(?:\\[len \\d{1,3}\\])?(?:,(?:nop|eol|mss \\d{1,20}|wscale \\d{1'
    ',20}|sackOK|sack (?:\\d{1,20} (?:\\{\\d{1,20}:\\d{1,20}\\})*|invalid sack)|TS val \\d{1,20} ecr \\d{1,20}|t'
    'fo  (?:cookiereq|cookie [0-9a-f]+| ?\\(?invalid\\)?)|md5 (?:(?:[a-zA-Z][^\\]\\[]* - )?[0-9a-f]+|valid| ?'
    '\\(?invalid\\)?)|tcp-ao (?:keyid \\d{1,20} rnextkeyid \\d{1,20}(?: mac 0x[0-9a-f]+)?| ?\\(?invalid\\)?)|ut'
    'o 0x[0-9a-f]+ \\d{1,20}|mptcp (?: flags \\[\\w+\\]| \\[bad version\\/echo\\]|\\{[^{}]*\\}|[^]\\[{},])+|echo \\d'
    '{1,20}|echoreply \\d{1,20}|cc \\d{1,20}|ccnew \\d{1,20}|(?:ccecho | (?=\\d))\\d{1,20}|scps cap [0-9a-f]+ '
    'id \\d{1,20}|(?:exp-[0-9a-f]{4}|exp-tfo (?:cookiereq|cookie [0-9a-f]+| ?\\(?invalid\\)?))|unknown-\\d{1,'
    '20}(?: 0x[0-9a-f]+)?)(?:\\[len \\d{1,3}\\])?)*)\\])?, length (?P<length>\\d{1,20})(?:(?:: |, | |:)(?P<pay'
    'load>.+)?)?|, options \\[(?P<faulty_options>(?:(?:[A-Za-z][\\w-]*(?= ?\\[[b|]))?(?: ?\\[\\|tcp\\]|\\[bad op'
    't\\])|(?:nop|eol|mss \\d{1,20}|wscale \\d{1,20}|sackOK|sack (?:\\d{1,20} (?:\\{\\d{1,20}:\\d{1,20}\\})*|inva'
    'lid sack)|TS val \\d{1,20} ecr \\d{1,20}|tfo  (?:cookiereq|cookie [0-9a-f]+| ?\\(?invalid\\)?)|md5 (?:(?'
    ':[a-zA-Z][^\\]\\[]* - )?[0-9a-f]+|valid| ?\\(?invalid\\)?)|tcp-ao (?:keyid \\d{1,20} rnextkeyid \\d{1,20}('
    '?: mac 0x[0-9a-f]+)?| ?\\(?invalid\\)?)|uto 0x[0-9a-f]+ \\d{1,20}|mptcp (?: flags \\[\\w+\\]| \\[bad versio'
    'n\\/echo\\]|\\{[^{}]*\\}|[^]\\[{},])+|echo \\d{1,20}|echoreply \\d{1,20}|cc \\d{1,20}|ccnew \\d{1,20}|(?:ccec'
    'ho | (?=\\d))\\d{1,20}|scps cap [0-9a-f]+ id \\d{1,20}|(?:exp-[0-9a-f]{4}|exp-tfo (?:cookiereq|cookie ['
    '0-9a-f]+| ?\\(?invalid\\)?))|unknown-\\d{1,20}(?: 0x[0-9a-f]+)?)(?:\\[len \\d{1,3}\\])?(?:,(?:nop|eol|mss '
    '\\d{1,20}|wscale \\d{1,20}|sackOK|sack (?:\\d{1,20} (?:\\{\\d{1,20}:\\d{1,20}\\})*|invalid sack)|TS val \\d{'
    '1,20} ecr \\d{1,20}|tfo  (?:cookiereq|cookie [0-9a-f]+| ?\\(?invalid\\)?)|md5 (?:(?:[a-zA-Z][^\\]\\[]* - '
    ')?[0-9a-f]+|valid| ?\\(?invalid\\)?)|tcp-ao (?:keyid \\d{1,20} rnextkeyid \\d{1,20}(?: mac 0x[0-9a-f]+)?'
    '| ?\\(?invalid\\)?)|uto 0x[0-9a-f]+ \\d{1,20}|mptcp (?: flags \\[\\w+\\]| \\[bad version\\/echo\\]|\\{[^{}]*\\}'
    '|[^]\\[{},])+|echo \\d{1,20}|echoreply \\d{1,20}|cc \\d{1,20}|ccnew \\d{1,20}|(?:ccecho | (?=\\d))\\d{1,20}'
    '|scps cap [0-9a-f]+ id \\d{1,20}|(?:exp-[0-9a-f]{4}|exp-tfo (?:cookiereq|cookie [0-9a-f]+| ?\\(?invali'
    'd\\)?))|unknown-\\d{1,20}(?: 0x[0-9a-f]+)?)(?:\\[len \\d{1,3}\\])?)*(?:,(?:[A-Za-z][\\w-]*(?= ?\\[[b|]))?(?'
    ': ?\\[\\|tcp\\]|\\[bad opt\\])|(?: ?\\[\\|tcp\\]|\\[bad opt\\]))))[]>]?|(?P<truncation> ?\\[\\|tcp\\]))'
)
MODERN_FIELDS: Final = ('number', 'clock', 'epoch', 'date', 'delta', 'device', 'direction', 'word', 'src', 'dst', 'flags', 'correct', 'incorrect', 'seq', 'seq_last', 'ack', 'window', 'urgent', 'options', 'length', 'payload', 'faulty_options', 'truncation')
QUIET: Final = (
    '(?P<number> *\\d{1,10}  )?(?:caplen \\d+ len \\d+ )?(?:(?P<clock>\\d\\d:\\d\\d:\\d\\d\\.\\d{6,10}(?! >|:)) |(?P'
    '<epoch>\\d{1,12}\\.\\d{6,10}(?! >|:)) |(?P<date>\\d\\d\\d\\d-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d{6,10}(?! >|:)) |('
    '?P<delta>[ -]\\d\\d:\\d\\d:\\d\\d\\.\\d{6,10}(?! >|:)) )?(?:(?P<device>(?:(?!(?:In|Out|[BMP]|IP6?) )[\\w.@:-]'
    '+ +|\\?     )(?=(?:In |Out|B  |M  |P  |\\?  ) ))?(?P<direction>(?:In |Out|B  |M  |P  |\\?  ) ))?(?P<wor'
    'd>IP |IP6 )?(?P<src>[\\w.:+\\/*-]+(?= > |: )) > (?P<dst>[\\w.:+\\/*-]+(?= > |: )): tcp (?P<length>\\d{1,2'
    '0})(?:(?:: |, | |:)(?P<payload>.+)?)?'
)
QUIET_FIELDS: Final = ('number', 'clock', 'epoch', 'date', 'delta', 'device', 'direction', 'word', 'src', 'dst', 'length', 'payload')
CUT: Final = (
    '(?P<number> *\\d{1,10}  )?(?:caplen \\d+ len \\d+ )?(?:(?P<clock>\\d\\d:\\d\\d:\\d\\d\\.\\d{6,10}(?! >|:)) |(?P'
    '<epoch>\\d{1,12}\\.\\d{6,10}(?! >|:)) |(?P<date>\\d\\d\\d\\d-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d{6,10}(?! >|:)) |('
    '?P<delta>[ -]\\d\\d:\\d\\d:\\d\\d\\.\\d{6,10}(?! >|:)) )?(?:(?P<device>(?:(?!(?:In|Out|[BMP]|IP6?) )[\\w.@:-]'
    '+ +|\\?     )(?=(?:In |Out|B  |M  |P  |\\?  ) ))?(?P<direction>(?:In |Out|B  |M  |P  |\\?  ) ))?(?P<wor'
    'd>IP |IP6 )?(?P<src>[\\w.:+\\/*-]+(?= > |: )) > (?P<dst>[\\w.:+\\/*-]+(?= > |: )): (?P<cut> ?\\[\\|tcp\\])'
)
CUT_FIELDS: Final = ('number', 'clock', 'epoch', 'date', 'delta', 'device', 'direction', 'word', 'src', 'dst', 'cut')
ENDPOINT: Final = (
    '(?P<host>\\d+\\.\\d+\\.\\d+\\.\\d+(?![^.])(?!\\.[^.]*\\.)|(?:[0-9a-f]*:)+(?:\\d+\\.\\d+\\.\\d+\\.\\d+|[0-9a-f]*)(?!['
    '^.])(?!\\.[^.]*\\.)|(?:[^\\s.]+(?![^\\s])|[^\\s]+(?=\\.[^.\\s]+)(?!\\.[^.\\s]*\\.)))(?:\\.(?P<port>[\\w+\\/-]+))?'
)
ENDPOINT_FIELDS: Final = ('host', 'port')
OPTION: Final = (
    '(?:nop|eol|mss (?P<mss>\\d{1,20})|wscale (?P<wscale>\\d{1,20})|(?P<sack_ok>sackOK)|sack (?:\\d{1,20} (?'
    'P<sack>(?:\\{\\d{1,20}:\\d{1,20}\\})+)?|(?P<bad>invalid sack))|TS val (?P<ts_val>\\d{1,20}) ecr (?P<ts_ec'
    'r>\\d{1,20})|tfo  (?P<tfo>cookiereq|cookie [0-9a-f]+| ?\\(?invalid\\)?)|md5 (?P<md5>(?:(?:[a-zA-Z][^\\]\\'
    '[]* - )?[0-9a-f]+|valid| ?\\(?invalid\\)?))|tcp-ao (?P<tcp_ao>keyid \\d{1,20} rnextkeyid \\d{1,20}(?: ma'
    'c 0x[0-9a-f]+)?| ?\\(?invalid\\)?)|uto (?P<uto>0x[0-9a-f]+ \\d{1,20})|(?P<mptcp>mptcp (?: flags \\[\\w+\\]'
    '| \\[bad version\\/echo\\]|\\{[^{}]*\\}|[^]\\[{},])+)|echo (?P<echo>\\d{1,20})|echoreply (?P<echo_reply>\\d{'
    '1,20})|cc (?P<cc>\\d{1,20})|ccnew (?P<cc_new>\\d{1,20})|(?:ccecho | (?=\\d))(?P<cc_echo>\\d{1,20})|scps '
    '(?P<scps>cap [0-9a-f]+ id \\d{1,20})|(?:exp-(?P<exp>[0-9a-f]{4})|exp-tfo (?P<tfo_2>cookiereq|cookie ['
    '0-9a-f]+| ?\\(?invalid\\)?))|unknown-(?P<unknown_kind>\\d{1,20})(?: 0x(?P<unknown_data>[0-9a-f]+))?)(?:'
    '\\[len \\d{1,3}\\])?'
)
OPTION_FIELDS: Final = ('mss', 'wscale', 'sack_ok', 'sack', 'bad', 'ts_val', 'ts_ecr', 'tfo', 'md5', 'tcp_ao', 'uto', 'mptcp', 'echo', 'echo_reply', 'cc', 'cc_new', 'cc_echo', 'scps', 'exp', 'tfo', 'unknown_kind', 'unknown_data')
SACK_BLOCK: Final = (
    '\\{(?P<left>\\d{1,20}):(?P<right>\\d{1,20})\\}'
)
SACK_BLOCK_FIELDS: Final = ('left', 'right')
KIND_BLANK: Final = (
    '\\s*'
)
KIND_COUNTERS: Final = (
    '(?:(?:\\^C)+(?:tcpdump: )?(?=\\d)|tcpdump: (?=\\d))?(?:(?P<captured>\\d{1,20}) packets? captured|(?P<rec'
    'eived>\\d{1,20}) packets? received by filter|(?P<dropped>\\d{1,20}) packets? dropped by kernel|(?P<dro'
    'pped_interface>\\d{1,20}) packets? dropped by interface)(?:, (?:(?P<captured_2>\\d{1,20}) packets? cap'
    'tured|(?P<received_2>\\d{1,20}) packets? received by filter|(?P<dropped_2>\\d{1,20}) packets? dropped '
    'by kernel|(?P<dropped_interface_2>\\d{1,20}) packets? dropped by interface)(?:, (?:(?P<captured_3>\\d{'
    '1,20}) packets? captured|(?P<received_3>\\d{1,20}) packets? received by filter|(?P<dropped_3>\\d{1,20}'
    ') packets? dropped by kernel|(?P<dropped_interface_3>\\d{1,20}) packets? dropped by interface))*)?'
)
KIND_COUNTERS_FIELDS: Final = ('captured', 'received', 'dropped', 'dropped_interface', 'captured', 'received', 'dropped', 'dropped_interface', 'captured', 'received', 'dropped', 'dropped_interface')
KIND_BANNER: Final = (
    '(?:(?:tcpdump|windump): |listening on \\S+, |reading from file |Warning: interface names |dropped pri'
    'vs to |\\(Promiscuous mode not supported |Got \\d+).*'
)
KIND_PROMPT: Final = (
    '(?:(?:[\\w.-]+@[\\w.-]+[: ]?\\S*|\\[[^\\]]{1,80}\\]) ?[#$%>] .*|[$#%>] ?(?:sudo |tcpdump ).*|\\$ .*)'
)
KIND_COMMENT: Final = (
    '\\s*#.*'
)
KIND_HEXDUMP: Final = (
    '\\s+0x[0-9a-f]{4}:  .*'
)
KIND_CONTINUATION: Final = (
    '(?:\t|    ).*\\S.*'
)
KIND_ARP: Final = (
    '(?: *\\d{1,10}  )?(?:caplen \\d+ len \\d+ )?(?:\\d\\d:\\d\\d:\\d\\d\\.\\d{6,10}(?! >|:) |\\d{1,12}\\.\\d{6,10}(?! '
    '>|:) |\\d\\d\\d\\d-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d{6,10}(?! >|:) |[ -]\\d\\d:\\d\\d:\\d\\d\\.\\d{6,10}(?! >|:) )?(?'
    ':(?:(?:(?!(?:In|Out|[BMP]|IP6?) )[\\w.@:-]+ +|\\?     )(?=(?:In |Out|B  |M  |P  |\\?  ) ))?(?:In |Out|B'
    '  |M  |P  |\\?  ) )?(?:ARP,|arp) .*'
)
KIND_UDP: Final = (
    '(?: *\\d{1,10}  )?(?:caplen \\d+ len \\d+ )?(?:\\d\\d:\\d\\d:\\d\\d\\.\\d{6,10}(?! >|:) |\\d{1,12}\\.\\d{6,10}(?! '
    '>|:) |\\d\\d\\d\\d-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d{6,10}(?! >|:) |[ -]\\d\\d:\\d\\d:\\d\\d\\.\\d{6,10}(?! >|:) )?(?'
    ':(?:(?:(?!(?:In|Out|[BMP]|IP6?) )[\\w.@:-]+ +|\\?     )(?=(?:In |Out|B  |M  |P  |\\?  ) ))?(?:In |Out|B'
    '  |M  |P  |\\?  ) )?(?:IP |IP6 )?[\\w.:+\\/*-]+(?= > |: ) > [\\w.:+\\/*-]+(?= > |: ): (?:UDP,|udp) .*'
)
KIND_ICMP: Final = (
    '(?: *\\d{1,10}  )?(?:caplen \\d+ len \\d+ )?(?:\\d\\d:\\d\\d:\\d\\d\\.\\d{6,10}(?! >|:) |\\d{1,12}\\.\\d{6,10}(?! '
    '>|:) |\\d\\d\\d\\d-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d{6,10}(?! >|:) |[ -]\\d\\d:\\d\\d:\\d\\d\\.\\d{6,10}(?! >|:) )?(?'
    ':(?:(?:(?!(?:In|Out|[BMP]|IP6?) )[\\w.@:-]+ +|\\?     )(?=(?:In |Out|B  |M  |P  |\\?  ) ))?(?:In |Out|B'
    '  |M  |P  |\\?  ) )?(?:IP |IP6 )?[\\w.:+\\/*-]+(?= > |: ) > [\\w.:+\\/*-]+(?= > |: ): (?:ICMP6?,?|icmp6?:'
    ') .*'
)
KIND_FRAGMENT: Final = (
    '(?: *\\d{1,10}  )?(?:caplen \\d+ len \\d+ )?(?:\\d\\d:\\d\\d:\\d\\d\\.\\d{6,10}(?! >|:) |\\d{1,12}\\.\\d{6,10}(?! '
    '>|:) |\\d\\d\\d\\d-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d{6,10}(?! >|:) |[ -]\\d\\d:\\d\\d:\\d\\d\\.\\d{6,10}(?! >|:) )?(?'
    ':(?:(?:(?!(?:In|Out|[BMP]|IP6?) )[\\w.@:-]+ +|\\?     )(?=(?:In |Out|B  |M  |P  |\\?  ) ))?(?:In |Out|B'
    '  |M  |P  |\\?  ) )?(?:IP |IP6 )?[\\w.:+\\/*-]+(?= > |: ) > [\\w.:+\\/*-]+(?= > |: ): (?:ip-proto-6|tcp|f'
    'rag \\(\\d+\\|\\d+\\))'
)
KIND_SUSPECT: Final = (
    '.*\\S \\S+ > \\S+: Flags \\[(?:none|[FSRP.UEWe]{1,9})\\].*'
)
KIND_OTHER_PROTOCOL: Final = (
    '(?: *\\d{1,10}  )?(?:caplen \\d+ len \\d+ )?(?:\\d\\d:\\d\\d:\\d\\d\\.\\d{6,10}(?! >|:) |\\d{1,12}\\.\\d{6,10}(?! '
    '>|:) |\\d\\d\\d\\d-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d{6,10}(?! >|:) |[ -]\\d\\d:\\d\\d:\\d\\d\\.\\d{6,10}(?! >|:) )?(?'
    ':(?:(?:(?!(?:In|Out|[BMP]|IP6?) )[\\w.@:-]+ +|\\?     )(?=(?:In |Out|B  |M  |P  |\\?  ) ))?(?:In |Out|B'
    '  |M  |P  |\\?  ) )?(?:IP |IP6 )?[\\w.:+\\/*-]+(?= > |: ) > [\\w.:+\\/*-]+(?= > |: ): .+'
)
KINDS: Final = ('blank', 'counters', 'banner', 'prompt', 'comment', 'hexdump', 'continuation', 'arp', 'udp', 'icmp', 'fragment', 'suspect', 'other_protocol')
