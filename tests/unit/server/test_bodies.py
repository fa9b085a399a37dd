"""What lists have as JSON at once is what their bodies say."""

from hypothesis import given
from hypothesis import strategies as st

from podium.api.runs import RunBody
from podium.model.run import Run
from podium.server.answers import masked_json

MOMENTS = st.floats(min_value=0, max_value=4e9)
RUNS = st.builds(
    Run, created_at=MOMENTS, ended_at=st.none() | MOMENTS, wake_at=st.none() | MOMENTS, id=st.text(),
    reason=st.text(), tag=st.none() | st.text(),
)  # fmt: skip


@given(RUNS)
def test_a_run_in_a_list_is_the_body_of_a_run(run: Run) -> None:
    assert masked_json(RunBody.json_of(run)) == masked_json(RunBody.of(run).model_dump(mode="json"))
