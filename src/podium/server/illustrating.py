"""Puts an example of each body into the OpenAPI document."""

from typing import Any

from fastapi import FastAPI

from podium.api.examples import examples


def illustrate(server: FastAPI) -> None:
    """Have the document show an example of each body that has one; they are read when it is asked for."""
    made = server.openapi

    def document() -> dict[str, Any]:
        is_new = server.openapi_schema is None
        found = made()
        if is_new:
            schemas = found["components"]["schemas"]
            for name, example in examples().items():
                if name in schemas:
                    schemas[name]["examples"] = [example]
        return found

    server.openapi = document
