"""The patterns of the catalogue, each of whose members answers badly once: whoever judges refuses the first answer."""

from dataclasses import replace

from podium.engine.calls import attempts
from podium.engine.calls.given import Given
from podium.engine.calls.open_call import OpenCall
from podium.engine.calls.retries import improved
from podium.model.agent import AnyAgent
from podium.model.fallback import FallbackValue
from tests.faults.programs.teams import main, warm

__all__ = ["main", "warm"]


def _refuse(_answer: object) -> str:
    return "not so: say it once more"


def _improved(open_call: OpenCall, asked: AnyAgent | FallbackValue, given: Given) -> bool:
    accept = open_call.options.accept
    if accept is None or open_call.progress.corrected:
        return improved(open_call, asked, given)
    refusing = replace(accept, rule=_refuse)
    return improved(replace(open_call, options=replace(open_call.options, accept=refusing)), asked, given)


setattr(attempts, "improved", _improved)  # noqa: B010 - it is not that module's to export
