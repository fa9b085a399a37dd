"""What Pydantic AI offers is known: each name stands in the table of ways, or it is said why it asks nobody.

A new version that brings a new name fails here. Try it: add a way to the table, or say why it needs none.
"""

from collections.abc import Collection, Iterable
from inspect import iscoroutinefunction, unwrap
from pathlib import Path
from pkgutil import iter_modules

from pydantic_ai import Agent, capabilities, direct, models, toolsets
from pydantic_ai.capabilities import AbstractCapability, Hooks
from pydantic_ai.models import Model
from pydantic_ai.toolsets import AbstractToolset

from tests.e2e.models.hook_ways import AFTER_A_FAILURE, AT_ANY_TIME, WITH_AN_OUTPUT

HERE = Path(__file__).parent
TRIED = "\n".join(
    file.read_text(encoding="utf-8") for file in sorted(HERE.glob("*way*.py")) if file.name[:5] != "test_"
)
"""All that the ways are built of."""

CAPABILITIES_THAT_ASK_NOBODY = frozenset({
    # what is said of a capability, and types
    "AbstractCapability", "AgentCapability", "AgentModel", "AgentNode", "CAPABILITY_TYPES", "CapabilityDescription",
    "CapabilityFunc", "CapabilityOrdering", "CapabilityPosition", "CapabilityRef", "CombinedCapability",
    "HistoryProcessor", "HookTimeoutError", "MCPAuthorizationTokenFunc", "ModelIdResolver", "ModelSelection",
    "ModelSelector", "NativeOrLocalTool", "NodeResult", "OutputContext", "RawOutput", "RawToolArgs", "ToolSearchFunc",
    "ToolSearchLocalStrategy", "ToolSearchNativeStrategy", "ToolSearchStrategy", "ValidatedToolArgs",
    "WrapModelRequestHandler", "WrapNodeRunHandler", "WrapOutputProcessHandler", "WrapOutputValidateHandler",
    "WrapRunHandler", "WrapToolExecuteHandler", "WrapToolValidateHandler",
    # they change a request, and make none
    "Caching", "Citations", "Instrumentation", "IncludeToolReturnSchemas", "NativeTool", "RaiseContentFilterError",
    "ReinjectSystemPrompt", "SetToolMetadata", "Thinking", "UseThreadExecutor", "LocalWorkspace",
})  # fmt: skip
CAPABILITIES_THAT_ARE_A_WAY_ALREADY = {
    "DynamicCapability": "makes capabilities for a run; what they do are the ways of those",
    "HandleDeferredToolCalls": "a hook at `handle_deferred_tool_calls`",
    "PrepareOutputTools": "a hook at `prepare_output_tools`",
    "RequestInput": "asks people",
    "WebSearch": "as `WebFetch`",
    "XSearch": "as `WebFetch`; its model of last resort is an agent that a tool runs",
    "on_event": "a hook at `on_event`",
}
CAPABILITIES_NOT_RECORDED = frozenset({"BatchModelRequests", "ImageGeneration"})
"""The documentation says so: batches and pictures."""

POINTS = frozenset({*AT_ANY_TIME, *WITH_AN_OUTPUT, *AFTER_A_FAILURE})
POINTS_NOT_TRIED = {
    "resolve_model_id": "`ResolveModelId`",
    "on_model_request_error": "a hook that answers for a model that failed",
    "on_tool_execute_error": "a tool that raised runs again in a replay: the documentation says so",
    "on_output_process_error": "as on_output_validate_error",
    "on_node_run_error": "as on_run_error",
    "on_run_error": "the run is over: as after_run",
    "handle_deferred_tool_calls": "people are asked",
    "get_run_start_time": "only with a clock of one's own",
}
HOOKS = {"deferred_tool_calls": "handle_deferred_tool_calls", "event": "on_event", "run_event_stream": "on_event"}
"""Names in `Hooks.on` that are not made of the name of a method as others are."""

TOOLSETS_THAT_ASK_NOBODY = frozenset({
    "AbstractToolset", "AgentToolset", "ToolsetFunc", "ToolsetTool",  # types
    "ApprovalRequiredToolset", "ExternalToolset",  # people are asked, or somebody outside
})  # fmt: skip
TOOLSETS_BY_METHOD = {
    "DeferredLoadingToolset": "defer_loading()", "FilteredToolset": ".filtered(", "PrefixedToolset": ".prefixed(",
    "PreparedToolset": ".prepared(", "RenamedToolset": ".renamed(",
}  # fmt: skip
TOOLSETS_WITH_OTHER_WORDS = frozenset({"IncludeReturnSchemasToolset", "SetMetadataToolset"})
"""They change what the model is told of a tool, and hand its call on, as a `WrapperToolset` does."""

ENTRIES_TRIED = frozenset({"iter", "override", "run", "run_stream", "run_stream_events"})
ENTRIES_TO_IT = {
    "run_sync": "refused by Pydantic AI inside a run", "run_stream_sync": "refused by Pydantic AI inside a run",
    "to_cli": "run_stream_events", "to_cli_sync": "asks at a terminal", "to_web": "makes an application",
    "realtime": "not recorded: the documentation says so",
}  # fmt: skip
ENTRIES_THAT_ASK_NOBODY = frozenset({
    "deps_type", "description", "event_stream_handler", "from_file", "from_spec", "instructions", "instrument",
    "instrument_all", "is_call_tools_node", "is_end_node", "is_model_request_node", "is_user_prompt_node", "model",
    "name", "on_event", "output_json_schema", "output_type", "output_validator", "parallel_tool_call_execution_mode",
    "render_description", "root_capability", "set_mcp_sampling_model", "system_prompt", "system_prompt_parts", "tool",
    "tool_plain", "toolset", "toolsets", "using_sleep", "using_thread_executor", "validation_context",
})  # fmt: skip

MODULES_OF_VENDORS = frozenset({
    "anthropic", "bedrock", "bedrock_mantle", "cerebras", "cohere", "crusoe", "decision", "github_copilot", "google",
    "google_decisions", "groq", "huggingface", "mcp_sampling", "mistral", "ollama", "openai", "openai_codex",
    "openai_decisions", "openrouter", "snowflake", "system_one", "typesafe", "xai", "zai",
})  # fmt: skip
"""Each has classes of models, which all are asked by `request` and `request_stream`."""
MODULES_TRIED = frozenset({"concurrency", "fallback", "instrumented", "wrapper"})
MODULES_FOR_TESTS = frozenset({"function", "test"})
MODULES_NOT_RECORDED = frozenset({"batch"})

ASKED_ONCE_RECORDED = frozenset({"request", "compact_messages"})
FREE = frozenset({"count_tokens", "cancel_suspended_response"})


def unknown(names: Iterable[str], *known: Collection[str]) -> set[str]:
    return {*names} - {name for each in known for name in each}


def awaited(kind: type[object]) -> set[str]:
    """Return the public methods of a class that are awaited: nothing else can ask without blocking."""
    public = {name: method for name, method in vars(kind).items() if name[0] != "_" and callable(method)}
    return {name for name, method in public.items() if iscoroutinefunction(unwrap(method))}


def in_the_ways(names: Iterable[str]) -> set[str]:
    return {name for name in names if name in TRIED}


def test_each_capability_is_known() -> None:
    names = capabilities.__all__
    known = CAPABILITIES_THAT_ASK_NOBODY, CAPABILITIES_THAT_ARE_A_WAY_ALREADY, CAPABILITIES_NOT_RECORDED
    assert unknown(names, in_the_ways(names), *known) == set()


def test_each_hook_of_a_capability_is_known() -> None:
    assert unknown(awaited(AbstractCapability), POINTS, POINTS_NOT_TRIED) == set()
    assert unknown({*POINTS, *POINTS_NOT_TRIED}, awaited(AbstractCapability)) == set()


def test_each_name_of_hooks_is_a_hook_of_a_capability() -> None:
    points = {*POINTS, *POINTS_NOT_TRIED}
    names = [name for name in dir(Hooks[None]().on) if name[0] != "_"]
    assert [name for name in names if not {HOOKS.get(name, name), f"wrap_{name}", f"on_{name}"} & points] == []


def test_each_toolset_is_known() -> None:
    names = toolsets.__all__
    by_method = {name for name, call in TOOLSETS_BY_METHOD.items() if call in TRIED}
    known = by_method, TOOLSETS_THAT_ASK_NOBODY, TOOLSETS_WITH_OTHER_WORDS
    assert unknown(names, in_the_ways(names), *known) == set()


def test_what_a_toolset_may_ask_in_is_known() -> None:
    tried = {"for_run", "for_run_step", "get_instructions", "get_tools", "call_tool"}
    assert awaited(AbstractToolset) - tried == {"get_tool_for_tool_def"}  # it looks one up


def test_each_entry_to_an_agent_is_known() -> None:
    names = [name for name in dir(Agent) if name[0] != "_"]
    assert unknown(names, ENTRIES_TRIED, ENTRIES_TO_IT, ENTRIES_THAT_ASK_NOBODY) == set()


def test_each_kind_of_model_is_known() -> None:
    names = [module.name for module in iter_modules(models.__path__) if module.name[0] != "_"]
    known = MODULES_OF_VENDORS, MODULES_TRIED, MODULES_FOR_TESTS, MODULES_NOT_RECORDED
    assert unknown(names, *known) == set()


def test_each_method_by_which_a_model_is_asked_is_known() -> None:
    methods = awaited(Model)
    batches = {name for name in methods if name.startswith("batch_")}
    assert unknown(methods, ASKED_ONCE_RECORDED, FREE, batches) == set()


def test_each_function_that_asks_a_model_is_known() -> None:
    names = {each for each in direct.__all__ if each.startswith("model_")}
    not_recorded = {"model_request_batch"}
    refused = {"model_request_stream_sync"}  # by Pydantic AI, where an event loop runs; else as model_request_sync
    assert unknown(names, in_the_ways(names), not_recorded, refused) == set()
