"""How the fleet reaches Temporal."""

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.service import RPCError, RPCStatusCode

from podium.engine.fleet import Fleet
from podium.errors import ConfigError
from podium.fleets.request import FleetRequest
from podium.fleets.temporal.fleet import TemporalFleet
from podium.fleets.temporal.options import TemporalOptions

_ADDRESS = "localhost:7233"
_NAMESPACE = "default"


async def open_temporal(request: FleetRequest, options: TemporalOptions) -> Fleet:
    """Open the fleet; raises ConfigError with what to do where Temporal cannot be reached."""
    client = await _connected(options)
    return TemporalFleet(
        client, request.store, request.clock, name=options.name, slots=request.slots, queues=request.queues,
        lease=request.lease,
    )  # fmt: skip


async def _connected(options: TemporalOptions) -> Client:
    """Connect to Temporal; raises ConfigError with what to do where that is not possible."""
    wanted = ClientConfig.load_client_connect_config(profile=options.profile)
    address = wanted["target_host"] = options.address or wanted.get("target_host", _ADDRESS)
    wanted["namespace"] = options.namespace or wanted.get("namespace", _NAMESPACE)
    try:
        client = await Client.connect(**wanted)
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
