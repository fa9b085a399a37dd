"""A package that needs an extra says so when it is imported without."""

import subprocess
import sys

import pytest

WITHOUT = """
import sys
class Missing:
    def find_spec(name, path=None, target=None):
        if name == {missing!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Missing)
import {package}
"""


@pytest.mark.parametrize(
    ("package", "missing", "told"),
    [
        ("podium.client", "httpx", 'the client needs HTTPX, which is an extra: pip install "podium[client]"'),
        (
            "podium.agents.pydantic_ai", "pydantic_ai",
            'LLM agents need Pydantic AI, which is an extra: pip install "podium[llm]"',
        ),
        (
            "podium.agents.openai_agents", "agents",
            'agents of the OpenAI Agents SDK need it, which is an extra: pip install "podium[openai-agents]"',
        ),
        (
            "podium.agents.langchain", "langchain",
            'agents of LangChain and LangGraph need them, which are an extra: pip install "podium[langchain]"',
        ),
    ],
)  # fmt: skip
def test_an_import_without_its_extra_says_what_to_install(package: str, missing: str, told: str) -> None:
    code = WITHOUT.format(missing=missing, package=package)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip().endswith(f"ImportError: {told}")
