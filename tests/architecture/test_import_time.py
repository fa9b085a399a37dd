"""Importing the package stays cheap: every program, every command and every test pays for it."""

import os
import subprocess
import sys

import pytest

import podium
from podium import patterns

PYDANTIC = "from pydantic import TypeAdapter"
"""What every typed program loads sooner or later: the measure, whatever the version of Python."""
COUNTED = """
import sys
code, calls = compile({statement!r}, "<statement>", "exec"), 0
def see(frame, event, argument):
    global calls
    calls += event in ("call", "c_call")
sys.setprofile(see)
exec(code, {{"__name__": "__main__"}})
sys.setprofile(None)
print(calls)
"""
CLIENT = "from podium.client import AsyncClient, Client"
RESOURCES = f"""{CLIENT}
from functools import cached_property
from inspect import getmembers_static
for name, _ in getmembers_static(Client, lambda each: isinstance(each, cached_property)):
    getattr(Client("http://podium"), name)
"""
"""Asks for everything that a client has."""
PROGRAM = "from podium import App, Context, agent, workflow"
COMMAND = "import podium.cli.commands.runs"
SERVER = """
import podium.cli.commands.serve, podium.server.access.opening, podium.server.application, podium.server.running
"""
HELP = """
import sys
sys.argv = ["podium", "--help"]
from podium.cli.main import main
try:
    main()
except SystemExit:
    pass
"""
HEAVY = ("cel", "httpx", "jsonschema", "opentelemetry", "pydantic", "pydantic_ai", "rich", "yaml")


def python(code: str) -> str:
    """Run a program whose modules are compiled, as those of an installed package are, whatever the environment says."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run([sys.executable, "-c", code], env=kept, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def calls_of(statement: str) -> int:
    """Return how many functions a fresh process calls for a statement: as many on a busy machine as on an idle one."""
    return int(python(COUNTED.format(statement=statement)).splitlines()[-1])


def loaded_by(statement: str) -> set[str]:
    """Return the modules that a statement loads."""
    return set(python(f"{statement}\nimport sys\nprint(*sys.modules)").splitlines()[-1].split())


@pytest.mark.parametrize(
    ("statement", "ratio"),
    [
        pytest.param("import podium", 0.12, id="package"),
        pytest.param(PROGRAM, 3.5, id="program"),
        pytest.param(HELP, 1.4, id="help"),
        pytest.param(CLIENT, 3.6, id="client"),
        pytest.param(COMMAND, 4.0, id="command"),
        pytest.param(SERVER, 10.2, id="server"),
    ],
)
def test_import_calls_no_more_functions_than_so_many_times_pydantics(statement: str, ratio: float) -> None:
    assert calls_of(statement) / calls_of(PYDANTIC) <= ratio


def test_a_program_that_nobody_observes_does_not_load_what_tells_of_it() -> None:
    told = {name for name in loaded_by(PROGRAM) if name.startswith("podium.telemetry.")}
    assert told == {"podium.telemetry.setup"}


def test_the_package_alone_loads_nothing() -> None:
    ours = {name for name in loaded_by("import podium") if name.startswith("podium")}
    assert ours == {"podium", "podium.lazy"}


@pytest.mark.parametrize(
    ("statement", "further"),
    [
        pytest.param(PROGRAM, ("typer", "podium.cli", "podium.testing", "podium.operations.monitor"), id="program"),
        pytest.param("import podium.patterns", ("podium.engine", "podium.agents"), id="patterns"),
        pytest.param(
            HELP,
            ("sqlite3", "typing_extensions", "podium.app", "podium.engine", "podium.store", "podium.cli.commands"),
            id="help",
        ),
    ],
)
def test_what_is_not_used_is_not_loaded(statement: str, further: tuple[str, ...]) -> None:
    unwanted = (*HEAVY, *further)
    found = {
        name for name in loaded_by(statement) if any(name == each or name.startswith(f"{each}.") for each in unwanted)
    }
    assert found == set()


@pytest.mark.parametrize("statement", [CLIENT, RESOURCES], ids=["alone", "resources"])
def test_a_client_loads_nothing_of_what_answers_it(statement: str) -> None:
    ours = {name.split(".")[1] for name in loaded_by(statement) if name.startswith("podium.")}
    assert ours == {"api", "client", "errors", "lazy", "model", "secrets"}, "bodies import under TYPE_CHECKING"


def test_a_server_builds_no_model_before_it_is_used_and_has_no_others_wait() -> None:
    told = python(
        "import podium.server.application\n"
        "from fastapi.openapi.models import OpenAPI\n"
        "from pydantic import BaseModel\n"
        "from podium.api.runs import RunBody\n"
        "print(OpenAPI.__pydantic_complete__, RunBody.__pydantic_complete__, BaseModel.model_config)"
    )
    assert told == "False False {}"


def test_a_server_loads_nothing_that_only_some_of_its_requests_take() -> None:
    loaded = loaded_by("import podium.server.application, podium.server.access.opening")
    assert loaded & {"httpx", "jinja2", "joserfc", "cryptography"} == set()


def test_a_program_loads_no_pattern() -> None:
    every = {each for each in loaded_by(PROGRAM) if each.startswith("podium.patterns.")}
    assert {each for each in every if not each.startswith("podium.patterns.building")} == set()


@pytest.mark.parametrize("package", [podium, patterns], ids=lambda each: each.__name__)
def test_every_exported_name_is_found_where_it_is_said_to_be(package: object) -> None:
    names = vars(package)["__all__"]
    assert [name for name in names if not hasattr(package, name)] == []
    assert set(names) <= set(dir(package))
