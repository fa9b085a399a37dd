"""What the fleet takes, and the connection made of it."""

from dataclasses import dataclass
from typing import cast

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.service import RPCError, RPCStatusCode

from podium.errors import ConfigError
from podium.model.expected import NAME, check_fields, or_none

_ADDRESS = "localhost:7233"


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporalOptions:
    """How Temporal is reached, and under which names runs are placed there: `[podium.fleet]` with `kind = "temporal"`.

    What is not said here is taken from Temporal's own environment (`TEMPORAL_ADDRESS`, `TEMPORAL_API_KEY`, …) and its
    `temporal.toml`.
    """

    address: str | None = None
    """HOST:PORT of the server; else Temporal's own settings, else `localhost:7233`."""
    namespace: str | None = None
    """The namespace; else that of Temporal's own settings, else `default`."""
    profile: str | None = None
    """The profile of `temporal.toml`."""
    name: str = "podium"
    """What task queues and workflow ids begin with: each store that uses the namespace has one of its own."""

    def __post_init__(self) -> None:
        optional = dict.fromkeys(("address", "namespace", "profile"), or_none(NAME))
        check_fields(self, {**optional, "name": NAME})


async def connected(options: TemporalOptions) -> Client:
    """Connect to Temporal; raises ConfigError with what to do where that is not possible."""
    wanted = {**ClientConfig.load_client_connect_config(profile=options.profile)}
    given = {"target_host": options.address, "namespace": options.namespace}
    wanted |= {name: value for name, value in given.items() if value is not None}
    address = cast("str", wanted.setdefault("target_host", _ADDRESS))
    try:
        client = await Client.connect(**wanted)  # pyright: ignore[reportArgumentType] - as Temporal loads it
        request = DescribeNamespaceRequest(namespace=client.namespace)
        await client.workflow_service.describe_namespace(request)
    except RuntimeError as error:
        raise ConfigError(
            f"Temporal's server at {address} cannot be reached: {error}. Start it, or set `address` of [podium.fleet]."
        ) from error
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise ConfigError(
                f"Temporal's server at {address} has no such namespace: {error.message}. Create it, or set `namespace` "
                "of [podium.fleet] to one that there is."
            ) from error
        raise ConfigError(f"Temporal's server at {address} refused: {error.status.name}, {error.message}") from error
    return client
