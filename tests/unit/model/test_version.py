"""The version that workers tell is that of the package."""

from importlib import metadata

from podium.model.version import VERSION


def test_it_is_that_of_the_package() -> None:
    assert metadata.version("podium") == VERSION
