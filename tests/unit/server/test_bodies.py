"""What lists and streams have as JSON at once is what their bodies say."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from podium.api.events import StreamEventBody, SystemEventBody
from podium.api.runs import RunBody
from podium.model.event_types import EventType
from podium.model.events import SystemEvent
from podium.model.run import Run
from podium.model.streams.event import StreamEvent
from podium.model.streams.transient import TextDelta
from podium.server.answers import masked_json

MOMENTS = st.floats(min_value=0, max_value=4e9)
RUNS = st.builds(
    Run, created_at=MOMENTS, ended_at=st.none() | MOMENTS, wake_at=st.none() | MOMENTS, id=st.text(),
    reason=st.text(), tag=st.none() | st.text(),
)  # fmt: skip


@given(RUNS)
def test_a_run_in_a_list_is_the_body_of_a_run(run: Run) -> None:
    assert masked_json(RunBody.json_of(run)) == masked_json(RunBody.of(run).model_dump(mode="json"))


SYSTEM_EVENT = SystemEvent(
    position=7, at=0, type=EventType.RUN_ENDED, run="run_1", root="run_1", workflow="publish", tenant="default",
    principal="ann", content={"state": "done"},
)  # fmt: skip
EVENT = StreamEvent(run="run_1", number=7, key="1", attempt=1, step="", at=0, epoch=1, content=TextDelta("bees"))


@given(MOMENTS)
def test_an_event_in_a_stream_is_its_body(at: float) -> None:
    told = SystemEventBody.json_of(replace(SYSTEM_EVENT, at=at))
    assert SystemEventBody.model_validate(told).model_dump(mode="json") == told
    told = StreamEventBody.json_of(replace(EVENT, at=at))
    assert StreamEventBody.model_validate(told).model_dump(mode="json") == told
