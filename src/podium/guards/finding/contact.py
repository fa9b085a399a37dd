"""Finds how a person is reached: addresses of e-mail, telephone numbers, addresses on the internet."""

import ipaddress
import re

from podium.guards.finding.found import Found, digits_of, every

_LABEL = r"[^\W_](?:[\w\-]{0,61}[^\W_])?"
EMAIL = every(rf"(?<![\w.%+\-])[\w.%+\-]{{1,64}}+@(?:{_LABEL}\.){{1,8}}[^\W\d_]{{2,24}}(?![^\W_])")

_LONGEST_NUMBER = 15
"""Digits of a telephone number, by E.164."""


def _is_number(text: str) -> bool:
    return len(digits_of(text)) <= _LONGEST_NUMBER


PHONES = (
    every(r"(?<![\w+])\+[1-9](?:[ \-./()]{0,2}+[0-9]){7,16}+(?![0-9])", _is_number),
    every(r"(?<![\w.\-])(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[\-. ])[2-9][0-9]{2}[\-. ][0-9]{4}(?![\w\-])"),
    every(r"(?<![\w.+\-])\(?0[1-9][0-9]{1,4}\)?[ /\-](?:[ \-]?[0-9]){6,9}+(?![\w\-])"),
    every(r"(?<![\w.+\-])0[1-9](?:[ .][0-9]{2}){4}(?![\w.\-])"),
)
"""International, North American, those with the national 0 and a separator, and those in pairs."""

_BYTE = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = every(rf"(?<![\w.\-]){_BYTE}(?:\.{_BYTE}){{3}}(?![\w\-]|\.[0-9])")
_IPV6 = every(r"(?<![\w:.])(?=[0-9A-Fa-f:]{0,38}[0-9])[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]{1,34}[0-9A-Fa-f:](?![\w:])")
_VERSION = re.compile(r"(?:version|release|build|ver\.?|v\.)\s{0,3}$", re.IGNORECASE)


def internet(text: str) -> Found:
    """Find addresses of the internet protocol; not those of this machine, nor what is said to be a version."""
    for start, end in (*_IPV4(text), *_IPV6(text)):
        try:
            address = ipaddress.ip_address(text[start:end])
        except ValueError:
            continue
        local = address.is_loopback or address.is_unspecified or address.is_multicast
        if not local and not _VERSION.search(text[max(0, start - 12) : start]):
            yield start, end
