"""Finds addresses of e-mail."""

import re

from podium.guards.finding.found import AFTER, LETTERS, every

_CHAR = rf"0-9_{LETTERS}%+\-"
_LOCAL = rf"(?<![{_CHAR}.])[{_CHAR}](?:[{_CHAR}.']{{0,62}}[{_CHAR}])?+"
_LABEL = rf"[0-9{LETTERS}](?:[0-9{LETTERS}_\-]{{0,61}}[0-9{LETTERS}])?"
_TOP = rf"(?:xn--[a-z0-9\-]{{2,59}}|[{LETTERS}]{{2,24}})"
_AT = r"(?:@| ?[\[({] ?(?:at|arroba|chiocciola|arobase|apenstaartje|malpa) ?[\])}] ?)"
_DOT = r"(?:\.| ?[\[({] ?(?:dot|punkt|punto|point|ponto|kropka|punt) ?[\])}] ?)"
"""As they are written, and as people write them who do not want them found."""

_NOBODY = frozenset({"git", "svn", "hg", "cvs", "bzr"})
"""Those who log in to fetch code: nobody is behind them."""
_FILES = frozenset(
    {"png", "jpg", "jpeg", "gif", "svg", "webp", "avif", "ico", "css", "js", "ts", "tsx", "json", "html"}
)
"""Ends of names of files, such as `logo@2x.png`."""
_LOGIN = re.compile(r"(?:ssh|sftp|git|rsync|svn|ftp|ftps)(?:\+ssh)?://$")
_PATH = re.compile(r":(?:~?[\w.\-]{0,64}/|/)")
"""What follows the host of `deploy@host:srv/app`."""


def _is_address(match: re.Match[str]) -> bool:
    text, start, end = match.string, match.start(), match.end()
    local, top = match[0].partition("@")[0].lower(), match[0].rpartition(".")[2].lower()
    if local in _NOBODY or top in _FILES:
        return False
    return not (_LOGIN.search(text[max(0, start - 12) : start]) or _PATH.match(text, end))


EMAIL = every(rf"{_LOCAL}{_AT}(?:{_LABEL}{_DOT}){{1,8}}{_TOP}{AFTER}", _is_address, ignore_case=True)
