"""What `podium doctor` looks at: the installation."""

import importlib.util
import platform
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

_PYTHON = (3, 11)
EXTRAS = {
    "llm": ("LLM agents", ("pydantic_ai", "genai_prices", "openai")),
    "openai-agents": ("agents of the OpenAI Agents SDK", ("agents", "genai_prices")),
    "langchain": ("agents of LangChain and LangGraph", ("langchain", "langgraph", "genai_prices")),
    "http": ("HTTP services as agents", ("httpx",)),
    "vectors": ("memory that finds by meaning", ("numpy",)),
    "embeddings": ("a small model for that on this machine", ("wordllama",)),
    "yaml": ("teams in YAML and rules in CEL", ("yaml", "cel")),
    "guards": ("guards that look for patterns", ("re2",)),
    "policy": ("rules of who may do what", ("cedarpy",)),
    "audit": ("seals of the ledger", ("cryptography",)),
    "postgres": ("a store on PostgreSQL", ("psycopg",)),
    "dbos": ("runs placed by DBOS", ("dbos", "psycopg")),
    "temporal": ("runs placed by Temporal, and its workflows as agents", ("temporalio",)),
    "airflow": ("runs as tasks of Airflow", ("airflow",)),
    "prefect": ("runs as tasks of Prefect", ("prefect",)),
    "server": (
        "the same over HTTP: podium serve",
        ("fastapi", "httptools", "uvicorn", "jinja2", "joserfc", "prometheus_client"),
    ),
    "client": ("a client of a server in Python", ("httpx",)),
    "notify": ("messages to people that questions wait", ("apprise",)),
    "keyring": ("secrets from the system's keyring", ("keyring",)),
    "telemetry": ("traces sent to OpenTelemetry", ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")),
}
"""By extra: what it gives, and the modules that it takes."""


class Level(StrEnum):
    """How bad a finding is."""

    GOOD = "good"
    NOTE = "note"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class DoctorFinding:
    """One thing that was looked at."""

    level: Level
    what: str
    remedy: str = ""
    """The next step, where one is needed."""


def check_installation() -> Iterator[DoctorFinding]:
    """Look at Python, SQLite and the extras."""
    version = platform.python_version()
    if sys.version_info < _PYTHON:
        yield DoctorFinding(Level.WRONG, f"Python {version} is too old", "Install Python 3.11 or newer.")
    else:
        yield DoctorFinding(Level.GOOD, f"Python {version}")
    yield _sqlite()
    for extra, (gives, modules) in EXTRAS.items():
        if all(_is_there(module) for module in modules):
            yield DoctorFinding(Level.GOOD, f"{gives}: installed")
        else:
            yield DoctorFinding(
                Level.NOTE, f"{gives}: not installed", f'If you want that: pip install "podium[{extra}]"'
            )


def _sqlite() -> DoctorFinding:
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute("CREATE VIRTUAL TABLE words USING fts5 (word)")
    except sqlite3.OperationalError:
        remedy = "Use a Python whose SQLite has it, such as one from python.org or of your distribution."
        return DoctorFinding(Level.WRONG, f"SQLite {sqlite3.sqlite_version} lacks full-text search (FTS5)", remedy)
    finally:
        connection.close()
    return DoctorFinding(Level.GOOD, f"SQLite {sqlite3.sqlite_version} with full-text search")


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # its parent is missing
        return False
