"""Methods that are written once, and are typed for programs that block and for those that await."""

from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from functools import update_wrapper
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from pydantic import ValidationError

from podium.api.body import PageBody
from podium.client.api_call import ApiCall
from podium.client.exchange import SendingPlan
from podium.client.pages import AsyncPages, Pages
from podium.client.problems import unfit
from podium.client.streams import StreamPlan
from podium.client.ways import Awaiting, Blocking

P = ParamSpec("P")
T = TypeVar("T")
W = TypeVar("W", Blocking, Awaiting)


class Resource(Generic[W]):
    """What a server has of one kind, and the way in which it is asked."""

    def __init__(self, way: W) -> None:
        self.way: W = way


class endpoint(Generic[P, T]):  # noqa: N801 - a decorator
    """A method that says what is to be sent: called, it is sent, and its answer returned or awaited."""

    def __init__(self, plan: Callable[Concatenate[Any, P], SendingPlan[T]]) -> None:
        self.plan = plan
        self.__doc__ = plan.__doc__

    @overload
    def __get__(self, resource: None, kind: object) -> Self: ...
    @overload
    def __get__(self, resource: Resource[Blocking], kind: object) -> Callable[P, T]: ...
    @overload
    def __get__(self, resource: Resource[Awaiting], kind: object) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, resource: Resource[Any] | None, kind: object) -> Any:
        """Return the method as the client of a resource has it."""
        if resource is None:
            return self

        def send(*args: P.args, **kwargs: P.kwargs) -> T:
            return resource.way.carry_out(_made(self.plan, resource, *args, **kwargs))

        return update_wrapper(send, self.plan)


class listed(Generic[P, T]):  # noqa: N801 - a decorator
    """A method that says of what a page is asked for: called, it gives the list, page after page."""

    def __init__(self, plan: Callable[Concatenate[Any, P], ApiCall[PageBody[T]]]) -> None:
        self.plan = plan
        self.__doc__ = plan.__doc__

    @overload
    def __get__(self, resource: None, kind: object) -> Self: ...
    @overload
    def __get__(self, resource: Resource[Blocking], kind: object) -> Callable[P, Pages[T]]: ...
    @overload
    def __get__(self, resource: Resource[Awaiting], kind: object) -> Callable[P, AsyncPages[T]]: ...
    def __get__(self, resource: Resource[Any] | None, kind: object) -> Any:
        """Return the method as the client of a resource has it."""
        if resource is None:
            return self
        way: Blocking | Awaiting = resource.way

        def ask(*args: P.args, **kwargs: P.kwargs) -> Pages[T] | AsyncPages[T]:
            call = _made(self.plan, resource, *args, **kwargs)
            return Pages(way, call) if isinstance(way, Blocking) else AsyncPages(way, call)

        return update_wrapper(ask, self.plan)


class streamed(Generic[P, T]):  # noqa: N801 - a decorator
    """A method that says what is asked for: called, it gives the events, or the lines, as they come."""

    def __init__(self, plan: Callable[Concatenate[Any, P], StreamPlan[T]]) -> None:
        self.plan = plan
        self.__doc__ = plan.__doc__

    @overload
    def __get__(self, resource: None, kind: object) -> Self: ...
    @overload
    def __get__(self, resource: Resource[Blocking], kind: object) -> Callable[P, Generator[T]]: ...
    @overload
    def __get__(self, resource: Resource[Awaiting], kind: object) -> Callable[P, AsyncGenerator[T]]: ...
    def __get__(self, resource: Resource[Any] | None, kind: object) -> Any:
        """Return the method as the client of a resource has it."""
        if resource is None:
            return self

        def follow(*args: P.args, **kwargs: P.kwargs) -> Generator[T] | AsyncGenerator[T]:
            return resource.way.items(_made(self.plan, resource, *args, **kwargs))

        return update_wrapper(follow, self.plan)


def _made(make: Callable[Concatenate[Any, P], T], resource: Any, *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what is to be sent; raises InvalidValue for what no server would take."""
    try:
        return make(resource, *args, **kwargs)
    except ValidationError as error:
        raise unfit(error) from error
