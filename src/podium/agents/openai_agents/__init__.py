"""Agents of the OpenAI Agents SDK (`podium[openai-agents]`): imports `podium.model`, `podium.errors`, neighbours."""

try:
    from podium.agents.frameworks.effects import ToolEffects
    from podium.agents.openai_agents.as_tool import as_tool
    from podium.agents.openai_agents.recorded import recorded
    from podium.agents.openai_agents.wrap import from_openai_agents
except ModuleNotFoundError as error:
    if error.name not in {"agents", "genai_prices", "openai"}:
        raise
    raise ImportError(
        'agents of the OpenAI Agents SDK need it, which is an extra: pip install "podium[openai-agents]"'
    ) from error

__all__ = ["ToolEffects", "as_tool", "from_openai_agents", "recorded"]
