"""Routes: each file declares its own, and a request is tried on few of them.

FastAPI reads the parameters and bodies off an endpoint when a route is built, which takes a millisecond or more, and
tries routes one after another. So what is declared is built when it is first asked for, and found by the first word of
its address.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, TypedDict, TypeVar, Unpack

from fastapi import Response
from fastapi.params import Depends
from fastapi.routing import APIRoute
from starlette.datastructures import URLPath
from starlette.routing import BaseRoute, Match, NoMatchFound, compile_path
from starlette.types import Receive, Scope, Send

from podium.server.addresses import PREFIX
from podium.server.answers import MaskedJson
from podium.server.problems import EVERYWHERE
from podium.server.queries import read_by_model

_Endpoint = TypeVar("_Endpoint", bound=Callable[..., Any])


class RouteOptions(TypedDict, total=False):
    """What is said of a route beside its endpoint, as FastAPI takes it."""

    status_code: int
    response_model: Any
    response_class: type[Response]
    responses: Mapping[int | str, dict[str, Any]]
    dependencies: Sequence[Depends]
    openapi_extra: dict[str, Any]
    include_in_schema: bool


class DeclaredRoute:
    """One route, of which nothing is built yet."""

    def __init__(
        self, methods: Iterable[str], path: str, endpoint: Callable[..., Any], options: Mapping[str, Any]
    ) -> None:
        self.methods = frozenset(methods)
        self.path = path
        self.endpoint = endpoint
        self.options = options

    @cached_property
    def built(self) -> APIRoute:
        """The route as FastAPI has it, built once in a process."""
        return self._built_of(read_by_model(self.endpoint))

    @cached_property
    def documented(self) -> APIRoute:
        """The same, as the document has it: with all that the endpoint takes."""
        return self._built_of(self.endpoint)

    def _built_of(self, endpoint: Callable[..., Any]) -> APIRoute:
        return APIRoute(self.path, endpoint, methods=list(self.methods), **self.options)

    def match(self, path: str) -> dict[str, Any] | None:
        """Return the parameters in an address, or None where it is not of this route."""
        pattern, convertors = self._form
        found = pattern.match(path)
        return None if found is None else {name: convertors[name].convert(x) for name, x in found.groupdict().items()}

    @cached_property
    def _form(self) -> Any:
        pattern, _, convertors = compile_path(self.path)
        return pattern, convertors


class Routes:
    """The routes of a file."""

    def __init__(self, tag: str | None = None, *, prefix: str = PREFIX, include_in_schema: bool = True) -> None:
        """Stand under a tag in the document, where `include_in_schema` has them stand there at all."""
        self.declared: list[DeclaredRoute] = []
        self._prefix = prefix
        self._shared: dict[str, Any] = {
            "tags": [] if tag is None else [tag], "generate_unique_id_function": _name,
            "include_in_schema": include_in_schema, "response_class": MaskedJson,
        }  # fmt: skip

    def route(
        self, methods: Iterable[str], path: str, **options: Unpack[RouteOptions]
    ) -> Callable[[_Endpoint], _Endpoint]:
        """Declare a route of several methods."""
        responses = {**EVERYWHERE, **options.get("responses", {})}
        several = {**self._shared, **options, "responses": responses}

        def declared(endpoint: _Endpoint) -> _Endpoint:
            self.declared.append(DeclaredRoute(methods, self._prefix + path, endpoint, several))
            return endpoint

        return declared

    def get(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[_Endpoint], _Endpoint]:
        """Declare what looks at something."""
        return self.route(["GET"], path, **options)

    def head(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[_Endpoint], _Endpoint]:
        """Declare what says how something would be answered."""
        return self.route(["HEAD"], path, **options)

    def post(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[_Endpoint], _Endpoint]:
        """Declare what makes or does something."""
        return self.route(["POST"], path, **options)

    def patch(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[_Endpoint], _Endpoint]:
        """Declare what changes something."""
        return self.route(["PATCH"], path, **options)

    def delete(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[_Endpoint], _Endpoint]:
        """Declare what deletes something."""
        return self.route(["DELETE"], path, **options)


class RouteTable(BaseRoute):
    """All routes of a server. Of those that fit an address, the one that was declared first is taken."""

    def __init__(self, several: Iterable[Routes]) -> None:
        self.declared = [each for routes in several for each in routes.declared]
        self._by_word: defaultdict[str, list[DeclaredRoute]] = defaultdict(list)
        for each in self.declared:
            self._by_word[_first_word(each.path)].append(each)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return whether there is a route for a request, or one for other methods, and what it has of the address."""
        found: tuple[Match, Scope] = Match.NONE, {}
        if scope["type"] != "http":
            return found
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        for each in self._by_word.get(_first_word(path), ()):
            parameters = each.match(path)
            if parameters is not None and (found[0] is Match.NONE or scope["method"] in each.methods):
                known = {**scope.get("path_params", {}), **parameters}
                child = {"route": each.built, "endpoint": each.built.endpoint, "path_params": known}
                if scope["method"] in each.methods:
                    return Match.FULL, child
                found = Match.PARTIAL, child
        return found

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request by the route that was found for it."""
        await scope["route"].handle(scope, receive, send)

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        """Return the address of a route; raises NoMatchFound."""
        for each in self.declared:
            if each.endpoint.__name__ == name:
                return each.built.url_path_for(name, **path_params)
        raise NoMatchFound(name, path_params)


def _name(route: APIRoute) -> str:
    return route.name


def _first_word(path: str) -> str:
    """Return what stands first in an address, after the prefix of the API: no route has a parameter there."""
    return path.removeprefix(PREFIX)[1:].partition("/")[0]
