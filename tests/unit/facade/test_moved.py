"""Old names of an app say what to write now; what they say is there."""

import re

import pytest

from podium import App
from podium.app import MOVED
from podium.errors import UsageError


@pytest.mark.parametrize("name", MOVED)
async def test_what_was_a_method_of_the_app_says_where_it_is(name: str) -> None:
    async with App.open(":memory:") as app:
        with pytest.raises(AttributeError, match=rf"app\.{name} has moved: write `await app\.") as error:
            getattr(app, name)
        written = re.search(r"await app\.(\w+)\.(\w+)\(", str(error.value))
        assert written is not None
        part, method = written.groups()
        assert callable(getattr(getattr(app, part), method))


async def test_runs_is_no_function_any_more() -> None:
    async with App.open(":memory:") as app:
        with pytest.raises(UsageError, match=r"await app\.runs\.list\("):
            app.runs(None)


async def test_a_name_that_never_was_is_an_ordinary_mistake() -> None:
    async with App.open(":memory:") as app:
        with pytest.raises(AttributeError, match="object has no attribute 'nonsense'"):
            app.nonsense  # noqa: B018  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  what is tested
