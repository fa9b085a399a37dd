"""What stands in deploy/, read as YAML."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.checks_of_tools import DEPLOY

KUBERNETES = DEPLOY / "kubernetes"


def text_of(name: str) -> str:
    return (DEPLOY / name).read_text(encoding="utf-8")


def objects() -> list[dict[str, Any]]:
    """Return all objects of Kubernetes; what tells Kustomize what to do with them is none."""
    files = [path for path in sorted(KUBERNETES.rglob("*.yaml")) if path.name != "kustomization.yaml"]
    return [each for path in files for each in yaml.safe_load_all(path.read_text(encoding="utf-8"))]


def the(kind: str) -> dict[str, Any]:
    """Return the only object of a kind."""
    (found,) = (each for each in objects() if each["kind"] == kind)
    return found


def pod() -> dict[str, Any]:
    return the("Deployment")["spec"]["template"]["spec"]


def container() -> dict[str, Any]:
    (found,) = pod()["containers"]
    return found


def settings() -> dict[str, str]:
    """Return what the pods find in their environment, of the ConfigMap."""
    (made,) = yaml.safe_load(text_of("kubernetes/worker/kustomization.yaml"))["configMapGenerator"]
    return dict(each.split("=", 1) for each in made["literals"])


def compose() -> dict[str, Any]:
    return yaml.safe_load(text_of("compose.yaml"))


def instruction(name: str) -> str:
    """Return the last instruction of a name in the Dockerfile, with its lines joined."""
    joined = text_of("Dockerfile").replace("\\\n", " ")
    return re.findall(rf"^ *{name} +(.*)$", joined, re.MULTILINE)[-1]


def everything_in(value: object) -> Iterator[tuple[str, object]]:
    """Give each name that stands anywhere in a value, and what it names."""
    match value:
        case Mapping():
            for name, inner in value.items():  # pyright: ignore[reportUnknownVariableType] - of YAML
                yield str(name), inner  # pyright: ignore[reportUnknownArgumentType] - of YAML
                yield from everything_in(inner)  # pyright: ignore[reportUnknownArgumentType] - of YAML
        case list():
            for inner in value:  # pyright: ignore[reportUnknownVariableType] - of YAML
                yield from everything_in(inner)  # pyright: ignore[reportUnknownArgumentType] - of YAML
        case _:
            return


def yaml_files() -> list[Path]:
    return sorted(DEPLOY.rglob("*.yaml"))
