"""What is recorded of the steps of one attempt, and of those that attempts before it did."""

from collections.abc import Sequence

from podium.agents.jsonable import json_copy
from podium.engine.calls.earlier import EarlierSteps
from podium.engine.calls.step_body import KnownStep
from podium.engine.run.active_run import ActiveRun
from podium.engine.run.describing import shortened
from podium.errors import BadAnswer, Diverged
from podium.model.call import Call
from podium.model.fact import Fact
from podium.model.facts.calls import StepDone
from podium.model.facts.content import FactContent, prepared
from podium.model.facts.money import told_apart
from podium.model.json import Json
from podium.model.outcome import Usage
from podium.model.spending import NOTHING_USED, Payer, StepUsage
from podium.model.step import lineage_of
from podium.secrets.masking import MASKING
from podium.store.codec import decode, encode
from podium.store.operations import Effect


class StepRecords:
    """Reads and writes the facts of the steps of one attempt."""

    __slots__ = ("_active", "_call", "_earlier")

    def __init__(self, active: ActiveRun, call: Call) -> None:
        self._active = active
        self._call = call
        self._earlier: EarlierSteps | None = None

    def place(self, path: str) -> str:
        """Return the path under which a step is recorded, or is to be: as it is, or without the secrets in it."""
        if not MASKING.active or self._active.history.step(self._call.key, path) is not None:
            return path
        masked: str = MASKING.names(path)
        return masked

    def found(self, path: str, name: str, input: Json, digest: str, *, once: bool) -> KnownStep | None:
        """Return the recorded value of a step, by this attempt or an earlier one; None where it is not done.

        Raises Diverged where another input is recorded.
        """
        history, call = self._active.history, self._call
        record = history.step(call.key, path)
        if record is not None and record.done is not None:
            if isinstance(said := record.done.content, StepDone) and said.digest != digest:
                raise Diverged(f"{call.key}/{path}", f"another input of {name}", shortened(encode(input)))
            return KnownStep(decode(history.value_of(call.key, record)), recorded=True)
        if call.lineage == 1 or (record is not None and (record.intent is not None or record.deferred)):
            return None
        place = self.before().done(path, name, digest, once=once)
        if place is None:
            return None
        said = StepDone(name=name, attempt=call.attempt, digest=digest, from_step=place)
        self.note(f"{call.key}/{path}", said)
        return KnownStep(decode(history.value_of(call.key, history.steps[call.key][place])), recorded=True)

    def begun(self, path: str) -> Fact | None:
        """Return how a `once` step was begun, unless it is known to have come to nothing, or was deferred."""
        record = self._active.history.step(self._call.key, path)
        return None if record is None or record.deferred else record.intent

    def deferred(self, path: str) -> bool:
        """Whether a step has done its part here, and the value comes from somebody else."""
        record = self._active.history.step(self._call.key, path)
        return record is not None and record.deferred

    def before(self) -> EarlierSteps:
        """Return what earlier lineages of this call did."""
        if self._earlier is None:
            self._earlier = EarlierSteps(self._active.history.steps.get(self._call.key, {}), self._call.lineage)
        return self._earlier

    def done(
        self, path: str, name: str, digest: str, value: Json, *, used: StepUsage = NOTHING_USED,
        place: str | None = None, effects: Sequence[Effect] = (), refused: str | None = None,
    ) -> Json:  # fmt: skip
        """Record the value of a step, and return it as a replay will; raises BadAnswer where it is too large."""
        payload, most = encode(json_copy(value, f"JSON from {name}")), self._active.runtime.max_payload_bytes
        if len(payload) > most:
            raise BadAnswer(f"the result of {name} has {len(payload)} bytes, {most} are allowed")
        said = StepDone(
            name=name, attempt=self._call.attempt, digest=digest, usage=used.usage, from_step=place, refused=refused,
            by=used.payer.by, beside=used.payer.beside,
        )  # fmt: skip
        self.note(f"{self._call.key}/{path}", said, payload, effects)
        return decode(payload)

    def spent(self, usage: Usage | None, payer: Payer) -> None:
        """Record what a step used whose value is not: it is too large, or a rule did not let it pass."""
        if usage is not None and not self._active.closed:
            self._active.journal.append(told_apart(usage, payer), self._call.key)

    def refusals(self) -> list[str]:
        """Return the rules that did not allow steps of this lineage of the call, one for each told."""
        steps, lineage = self._active.history.steps.get(self._call.key, {}), self._call.lineage
        said = (
            record.done.content for at, record in steps.items()
            if record.done is not None and lineage_of(at) == lineage
        )  # fmt: skip
        return [each.refused for each in said if isinstance(each, StepDone) and each.refused is not None]

    def note(self, full: str, said: FactContent, payload: bytes | None = None, effects: Sequence[Effect] = ()) -> None:
        """Record a fact of a step, and let later attempts of this drive see it."""
        text = prepared(said)
        at = self._active.journal.append(text, full, payload, effects)
        self._active.history.add(Fact(-1, said.fact_kind, full, at, self._active.run.epoch, text.encoded, payload))
