"""What goes wrong between a server and a program that asks it."""

from podium.errors.base import PodiumError


class ServerError(PodiumError):
    """The server has a fault, or whatever answered is no server of Podium, or one that this client does not know."""

    code = "server"


class ServerUnavailable(ServerError):
    """The server was not reached, or did not answer in time, however often it was asked."""

    code = "server-unavailable"
