"""LLM agents, through Pydantic AI (`podium[llm]`): imports `podium.model`, `podium.errors`, neighbours in `agents`."""

try:
    from podium.agents.frameworks.effects import ToolEffects
    from podium.agents.pydantic_ai.as_tool import as_tool
    from podium.agents.pydantic_ai.llm import llm_agent
    from podium.agents.pydantic_ai.wrap import from_pydantic_ai
except ModuleNotFoundError as error:
    if error.name not in {"pydantic_ai", "genai_prices"}:
        raise
    raise ImportError('LLM agents need Pydantic AI, which is an extra: pip install "podium[llm]"') from error

__all__ = ["ToolEffects", "as_tool", "from_pydantic_ai", "llm_agent"]
