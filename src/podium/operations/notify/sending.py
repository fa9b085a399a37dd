"""Sending messages with apprise, which knows mail, Slack, Teams and a hundred others."""

import warnings
from collections.abc import Mapping, Sequence
from hashlib import sha256
from threading import Thread
from typing import Any

from podium.errors import ConfigError
from podium.secrets import reference
from podium.secrets.masking import MASKING

_TOLD = ("WARNING", "ERROR", "CRITICAL")
_LONGEST = 60.0
"""Seconds that one message may take."""


def address_digest(address: str) -> str:
    """Return what stands for an address as the settings name it."""
    return sha256(address.encode()).hexdigest()[:16]


class MessageSender:
    """Sends to the addresses of the settings."""

    def __init__(self, addresses: Mapping[str, Sequence[str]]) -> None:
        """Look all of them up; raises ConfigError, which says where it stands, for one that leads nowhere."""
        self._addresses: dict[str, str] = {}
        self._under_way: dict[str, Thread] = {}
        library = _library()
        for place, named in addresses.items():
            for each in named:
                url = reference.filled({place: each})[place]
                MASKING.learn(url, f"{place}, an address")
                if not _takes(library, url):
                    raise ConfigError(
                        f"{place}: apprise cannot send to that address. Expected one such as "
                        "mailtos://USER:PASSWORD@HOST?to=ann@example.org, or a reference to one, such as env:ANN_MAIL; "
                        "`apprise --details` lists the forms."
                    )
                self._addresses[address_digest(each)] = url

    def send(self, address: str, title: str, body: str) -> str:
        """Send a message to an address, by its digest, and return why it could not be sent; empty where it was.

        It waits, up to a minute: call it in a thread. What takes longer cannot be stopped. It goes on in a thread of
        its own, and nothing else is sent to that address until it has ended: so each has one such thread at most.
        """
        before = self._under_way.get(address)
        if before is not None and before.is_alive():
            return "what was sent there before has not ended yet"
        said = [f"no answer within {_LONGEST:g} s"]

        def send() -> None:
            said[0] = self._send(address, title, body)

        thread = Thread(target=send, name="podium-notify", daemon=True)
        self._under_way[address] = thread
        thread.start()
        thread.join(_LONGEST)
        return said[0]

    def _send(self, address: str, title: str, body: str) -> str:
        library = _library()
        sender = library.Apprise()
        sender.add(self._addresses[address])
        try:
            done = sender.notify(body=body, title=title, body_format=library.NotifyFormat.TEXT)
        except Exception as error:  # foreign code: whatever it raises says that it did not send
            return MASKING.text(f"{type(error).__name__}: {error}")
        said = [entry.message for entry in done.logs() if entry.level in _TOLD]
        return "" if done else MASKING.text("; ".join(said)) or "apprise could not send it"

    def knows(self, address: str) -> bool:
        """Whether an address still stands in the settings."""
        return address in self._addresses


def _takes(library: Any, url: str) -> bool:
    """Whether apprise can send to an address; what it takes that Python will drop is no matter of whoever runs this."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return library.Apprise.instantiate(url, suppress_exceptions=True) is not None


def _library() -> Any:
    """Return apprise, which says too little of its types."""
    try:
        import apprise
    except ImportError as error:
        raise ConfigError('notify needs the extra notify: pip install "podium[notify]"') from error
    return apprise
