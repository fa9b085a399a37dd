"""What a model is sent, cut to its window: rules that agents of all frameworks take as `context=[…]`."""

from podium.agents.context.counting import estimated_tokens
from podium.agents.context.last_messages import LastMessages
from podium.agents.context.pin_messages import PinMessages
from podium.agents.context.summarize import Summarize
from podium.agents.context.token_window import TokenWindow
from podium.agents.context.trim_tool_results import TrimToolResults

__all__ = ["LastMessages", "PinMessages", "Summarize", "TokenWindow", "TrimToolResults", "estimated_tokens"]
