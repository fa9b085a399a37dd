"""Finds addresses on the internet."""

import ipaddress
import re

from podium.guards.finding.found import LETTERS, Found, every
from podium.guards.finding.labels import is_updated_to, label_before

_BYTE = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = every(rf"(?<![0-9_{LETTERS}.\-]){_BYTE}(?:\.{_BYTE}){{3}}(?![0-9_{LETTERS}\-]|[.+][0-9{LETTERS}])")
_IPV6 = every(rf"(?<![0-9_{LETTERS}:.])(?=[0-9A-Fa-f:]{{0,38}}[0-9])[0-9A-Fa-f]{{0,4}}:[0-9A-Fa-f:]{{1,34}}[0-9A-Fa-f:](?![0-9_{LETTERS}:])")  # fmt: skip  # noqa: E501
_REQUIRED = re.compile(r"(?:[=<>~!]=|[~^>])\s?$")
_NAMED = re.compile(rf"[{LETTERS}][/@]$")
"""What stands before the version that a package, or what asks for a page, is of: `numpy==`, `Chrome/`, `left-pad@`."""
_LOGIN = re.compile(r"(?:ssh|scp|sftp|ftp|rsync|sip|telnet)\W")


def internet(text: str) -> Found:
    """Find addresses of the internet protocol; not those of this machine, nor what is said to be a version."""
    for start, end in (*_IPV4(text), *_IPV6(text)):
        try:
            address = ipaddress.ip_address(text[start:end])
        except ValueError:
            continue
        local = address.is_loopback or address.is_unspecified or address.is_multicast
        if not local and not _is_version(text, start, known=address.is_private):
            yield start, end


def _is_version(text: str, start: int, *, known: bool) -> bool:
    """Whether it is a version by what stands before it; `known` is what hardly any version looks like."""
    before = text[max(0, start - 40) : start]
    if not known and _NAMED.search(before) and not _LOGIN.search(before):
        return True
    return bool(_REQUIRED.search(before)) or label_before(text, start) == "version" or is_updated_to(text, start)
