"""Agents of LangChain and graphs of LangGraph (`podium[langchain]`): imports `podium.model`, `podium.errors`."""

try:
    from podium.agents.frameworks.effects import ToolEffects
    from podium.agents.langchain.as_tool import as_tool
    from podium.agents.langchain.middleware import PodiumMiddleware
    from podium.agents.langchain.model import recorded_model
    from podium.agents.langchain.tools import recorded_tool_call, recorded_tool_call_sync
    from podium.agents.langchain.wrap import from_langchain
except ModuleNotFoundError as error:
    if error.name not in {"genai_prices", "langchain", "langchain_core", "langgraph"}:
        raise
    raise ImportError(
        'agents of LangChain and LangGraph need them, which are an extra: pip install "podium[langchain]"'
    ) from error

__all__ = [
    "PodiumMiddleware",
    "ToolEffects",
    "as_tool",
    "from_langchain",
    "recorded_model",
    "recorded_tool_call",
    "recorded_tool_call_sync",
]
