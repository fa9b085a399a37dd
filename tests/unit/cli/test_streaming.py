"""Events on the terminal, whatever is in them."""

import io

from podium.cli.streaming import EventPrinter
from podium.model.streams import StreamEvent


def _event(type: str, **content: object) -> StreamEvent:
    said = {"type": type, "run": "run_1", "number": 1, "key": "0", "attempt": 1, "step": "", "at": 0.0, "epoch": 1}
    return StreamEvent.from_json({**said, "content": content})


def _shown(*events: StreamEvent) -> str:
    file = io.StringIO()
    printer = EventPrinter(file, as_json=False)
    for each in events:
        printer.show(each)
    return file.getvalue()


def test_what_should_be_text_and_is_none_is_shown_on_a_line_of_its_own() -> None:
    odd = _event("text_delta", text=5), _event("thinking_delta", text=None), _event("text_delta", text=["a"])
    assert _shown(_event("text_delta", text="so "), *odd, _event("text_delta", text="on")) == (
        'so \n0 text_delta 5\n0 thinking_delta null\n0 text_delta ["a"]\non'
    )


def test_whatever_else_is_of_an_odd_type_is_shown() -> None:
    assert _shown(_event("tool_returned", id=1, tool=None, result=None, error=7)) == "0 tool None failed: 7\n"
    assert _shown(_event("request_finished", model=1, text=2, input_tokens="a", output_tokens=None, usd="x"))
    assert _shown(_event("run_ended", state=1, value=None, reason=5))
    assert _shown(_event("gone", lost="many"))
