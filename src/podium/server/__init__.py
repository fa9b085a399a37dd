"""The server: the same system for other programs, for the people who approve, and for those on call.

It asks the façade for all that it does, on behalf of whoever asks; it looks into no store by itself. How things look is
said in `podium.api`.
"""

from importlib import import_module

from pydantic import BaseModel


def _import_fastapi() -> None:
    """Have FastAPI's own models, which are of the OpenAPI document, be built when they are used: there are forty."""
    BaseModel.model_config["defer_build"] = True
    try:
        import_module("fastapi")
    finally:
        del BaseModel.model_config["defer_build"]


_import_fastapi()
