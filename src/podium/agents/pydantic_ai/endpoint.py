"""A model behind an endpoint that speaks OpenAI's protocol."""

from urllib.parse import urlsplit

from pydantic_ai.models import Model
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider

from podium.errors import ConfigError


def model_at(base_url: str, model: str, *, api_key: str | None) -> Model:
    """Return a model that is asked at `base_url`. The key for OpenAI in the environment is never sent there."""
    host = urlsplit(base_url).hostname
    if host is None:
        raise ConfigError(f"base_url {base_url!r} names no host: expected something like http://localhost:11434/v1")
    provider = OpenAICompatibleProvider(host, base_url=base_url, api_key=api_key)
    return OpenAIChatModel(model.removeprefix("openai:"), provider=provider)
