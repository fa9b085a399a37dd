"""The conditions of a list, which stand in the address: read by Pydantic alone.

FastAPI looks with every request at what each field of them is, which takes a third of the time of a list.
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Annotated, Any, cast, get_args, get_origin

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.params import Query
from pydantic import BaseModel, ValidationError

_REQUEST = "request_of_conditions"


def read_by_model(endpoint: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Return an endpoint that reads the model of its query by itself, or the endpoint where it has no such model.

    It reads as FastAPI does, of a model whose fields each take one text, and raises RequestValidationError as it does.
    """
    signature = inspect.signature(endpoint)
    models = {name: _model(each.annotation) for name, each in signature.parameters.items()}
    found = [(name, model) for name, model in models.items() if model is not None]
    if not found:
        return endpoint
    ((name, model),) = found
    rest = [each for each in signature.parameters.values() if each.name != name]
    own = next((each.name for each in rest if each.annotation is Request), None)
    if own is None:
        rest.append(inspect.Parameter(_REQUEST, inspect.Parameter.KEYWORD_ONLY, annotation=Request))

    @wraps(endpoint)
    async def reading(**given: Any) -> Any:
        request: Request = given.pop(_REQUEST) if own is None else given[own]
        return await endpoint(**given, **{name: _read(model, request.query_params)})

    parameters = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in rest]
    reading.__signature__ = signature.replace(parameters=parameters)  # pyright: ignore[reportAttributeAccessIssue] - the protocol of inspect
    return reading


def _model(annotation: Any) -> type[BaseModel] | None:
    """Return the model that an annotation has FastAPI read from the query."""
    if get_origin(annotation) is not Annotated:
        return None
    kind, *said = get_args(annotation)
    is_model = isinstance(kind, type) and issubclass(kind, BaseModel)
    return cast("type[BaseModel]", kind) if is_model and any(isinstance(each, Query) for each in said) else None


def _read(model: type[BaseModel], query: Mapping[str, str]) -> BaseModel:
    try:
        return model.model_validate(dict(query))
    except ValidationError as error:
        told = [{**each, "loc": ("query", *each["loc"])} for each in error.errors(include_url=False)]
        raise RequestValidationError(told) from error
