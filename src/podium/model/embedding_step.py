"""Embedding as a part of a call."""

from base64 import b64decode, b64encode
from collections.abc import Sequence

from podium.model.budget import Bound
from podium.model.embedding import Embedder, Vector, embedder_id, vectors_of
from podium.model.json import Json
from podium.model.outcome import Usage
from podium.model.steps import Steps
from podium.secrets.masking import MASKING


class Embedding:
    """Embeds as a step of a call: recorded, priced, held to the budget."""

    def __init__(self, embedder: Embedder, steps: Steps) -> None:
        self._embedder = embedder
        self._steps = steps

    async def vector(self, text: str, *, step: str = "embed") -> Vector:
        """Return the vector of a text, in a step of this name; secrets in it are masked before it leaves."""
        text = MASKING.text(text)

        async def ask() -> Json:
            [vector], tokens = await vectors_of(self._embedder, [text])
            return {"vector": b64encode(vector.numbers).decode(), "tokens": tokens}

        asked = {"embedder": embedder_id(self._embedder), "text": text}
        said = await self._steps.once(step, ask, input=asked, usage=self.usage, bound=self.bound([text]))
        return Vector(embedder_id(self._embedder), b64decode(said["vector"]))

    def usage(self, said: Json) -> Usage | None:
        """Return what a step used that says its `tokens`; None where that is nothing that costs."""
        tokens: int = said["tokens"]
        if not tokens:
            return None
        usd = self._embedder.usd(tokens, self._steps.prices.models)
        return Usage(model=self._embedder.name, input_tokens=tokens, requests=1, usd=usd)

    def bound(self, texts: Sequence[str]) -> Bound | None:
        """Return the most that these texts may come to, as no token is shorter than a byte; None where it is free."""
        tokens = sum(len(text.encode()) for text in texts)
        usd = self._embedder.usd(tokens, self._steps.prices.models)
        return None if usd == 0 else Bound(usd=usd, input_tokens=tokens)
