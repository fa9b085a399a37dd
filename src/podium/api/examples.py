"""What bodies look like: an example of each, as a server answered it."""

import json
from collections.abc import Mapping
from importlib.resources import files

from podium.model.json import Json


def examples() -> Mapping[str, Json]:
    """Return an example of each body, by the name of its class."""
    return json.loads(files("podium.api").joinpath("examples.json").read_text(encoding="utf-8"))
