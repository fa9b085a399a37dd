"""What is hung on a Pydantic AI agent for one run, so that its model requests and tool calls become steps."""

from collections.abc import Mapping
from typing import TypeVar

from pydantic_ai.agent import EventStreamHandler
from pydantic_ai.durable_exec import JSON_CODEC, BaseDurabilityCapability, DurabilityEngineSpec
from pydantic_ai.models import Model

from podium.agents.pydantic_ai.recording import StepsBackend

D = TypeVar("D")


class PodiumSteps(BaseDurabilityCapability[D]):
    """Records one run of an agent through its steps. Each run makes its own, so runs share nothing."""

    engine_spec = DurabilityEngineSpec(
        engine_name="Podium",
        durable_unit_noun="step",
        durable_container_noun="call",
        codec=JSON_CODEC,
        toolset_lifecycles={"function": "enter-always", "mcp": "enter-in-durable-unit", "dynamic": "enter-never"},
    )

    def __init__(
        self,
        backend: StepsBackend,
        *,
        name: str,
        models: Mapping[str, Model],
        event_stream_handler: EventStreamHandler[D] | None,
    ) -> None:
        super().__init__(name=name, models=models, event_stream_handler=event_stream_handler)
        self._backend = backend

    @property
    def in_durable_context(self) -> bool:
        """Say that the run is durable: it always is, where this capability is used."""
        return True

    def get_durable_operation_backend(self) -> StepsBackend:
        """Return what runs each durable unit."""
        return self._backend
