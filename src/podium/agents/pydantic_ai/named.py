"""Models that are given by their name: made when they are first asked, and what keeps one from being asked here."""

from collections.abc import Generator
from contextlib import contextmanager

from pydantic_ai.models import Model, infer_model

from podium.errors import ConfigError, Refusal

_ADVICE = " To try Pydantic AI without"
"""Where a message of Pydantic AI begins to speak of its own test model."""


def named_model(name: str, agent: str) -> Model:
    """Return the model of a name; raises ConfigError that says what is missing: its key, its package, or the model."""
    try:
        return infer_model(name)
    except Exception as error:  # the boundary to the clients of vendors, of which each has its own
        why = str(error).partition(_ADVICE)[0].rstrip(".")
        raise ConfigError(f"agent {agent} cannot ask {name}: {why}. Or give it a Model, or base_url=.") from error


@contextmanager
def unless_overridden(missing: ConfigError | None) -> Generator[None]:
    """Let an agent run whose own model is missing: `agent.override` may give it another. Refuse it where none does."""
    try:
        yield
    except Exception as error:
        if missing is None or str(error) != str(missing.__cause__):
            raise
        raise Refusal(str(missing), not_done=True) from missing


@contextmanager
def unless_missing(model: object, agent: str) -> Generator[None]:
    """Refuse what fails because the model that an agent names cannot be made; the call around it may have acted."""
    try:
        yield
    except Exception as error:
        if isinstance(model, str) and (missing := _missing(model, agent)) and str(error) == str(missing.__cause__):
            raise Refusal(str(missing)) from missing
        raise


def _missing(model: str, agent: str) -> ConfigError | None:
    try:
        named_model(model, agent)
    except ConfigError as missing:
        return missing
    return None
