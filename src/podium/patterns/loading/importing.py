"""What is named as `module:name`, or stands in for a name that is not there."""

import importlib
import re
import traceback
from pathlib import Path
from types import ModuleType

from podium.patterns.building.names import meant
from podium.patterns.loading.node import Scalar, wrong

ADDRESS = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
"""`module:name`."""


def imported(node: Scalar, address: str) -> object:
    """Return what is found at `module:name`; raises Mistaken where nothing is."""
    module, _, name = address.partition(":")
    found: object = _module(node, module)
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError as error:
            raise wrong(node, f"{module} has no {name!r}{meant(name, dir(found))}") from error
        except (Exception, SystemExit) as error:  # a module may look for it in ways of its own
            raise wrong(node, f"{address} cannot be imported: {_told(error)}") from error
    return found


def _module(node: Scalar, name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            raise wrong(node, f"there is no module {error.name!r} on the path.") from error
        raise wrong(node, f"{name} cannot be imported: {_told(error)}") from error
    except (Exception, SystemExit) as error:  # a reader's module may raise anything
        raise wrong(node, f"{name} cannot be imported: {_told(error)}") from error


def _told(error: BaseException) -> str:
    """Return what was raised, and in which line of the module."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    said = " ".join(str(error).split())
    return f"{Path(frame.filename).name}:{frame.lineno}: {type(error).__name__}: {said}"
