"""Where may be delivered to: nobody is to reach a private network by naming it, or a name that leads into it."""

import asyncio
import socket
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import cast

import httpcore

from podium.model.webhooks import WebhookSettings

IpAddress = IPv4Address | IPv6Address
_NAT64 = ip_network("64:ff9b::/96")
_GLOBAL = ip_network("2000::/3")
"""All of version 6 that is given out on the internet; what lies outside of it stands for networks of one's own."""


class AddressRefused(Exception):
    """The settings do not allow the address that the name of a receiver leads to."""


def is_allowed(address: IpAddress, settings: WebhookSettings, *, plain: bool) -> bool:
    """Whether the settings allow an address; `plain` is without TLS."""
    address = _meant(address)
    if plain and not (settings.http or address.is_loopback):
        return False
    if any(address in ip_network(each) for each in settings.allow):
        return True
    if isinstance(address, IPv6Address) and address not in _GLOBAL:
        return False
    return address.is_global and not address.is_multicast


def _meant(address: IpAddress) -> IpAddress:
    """Return the address of version 4 that one of version 6 stands for."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


class GuardedNetwork(httpcore.AsyncNetworkBackend):
    """Connects only where the settings allow it: to the very address that was looked at."""

    def __init__(self, settings: WebhookSettings, *, plain: bool) -> None:
        self._settings = settings
        self._plain = plain
        self._network = cast("httpcore.AsyncNetworkBackend", httpcore.AnyIOBackend())

    async def connect_tcp(
        self, host: str, port: int, timeout: float | None = None,  # noqa: ASYNC109  it is httpcore's
        local_address: str | None = None, socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:  # fmt: skip
        """Connect to a host; raises AddressRefused, or what httpcore raises.

        Each of its addresses has its share of the time, so that one which leads nowhere leaves some for the others.
        """
        failed: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        addresses = await self._addresses(host, port)
        share = (timeout or self._settings.timeout) / len(addresses)
        for address in addresses:
            try:
                return await self._network.connect_tcp(str(address), port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        assert failed is not None  # there is one address at least
        raise failed

    async def _addresses(self, host: str, port: int) -> Sequence[IpAddress]:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            why = getattr(error, "strerror", None) or error
            raise httpcore.ConnectError(f"{host} leads nowhere: {why}") from error
        addresses = list(dict.fromkeys(ip_address(str(each[4][0]).partition("%")[0]) for each in found))
        allowed = [each for each in addresses if is_allowed(each, self._settings, plain=self._plain)]
        if not allowed:
            how = "without TLS" if self._plain and not self._settings.http else "in a private network"
            raise AddressRefused(f"{host} is at {addresses[0]}, {how}: [podium.webhooks] does not allow it")
        return allowed
