"""Facts of every class, each with the JSON that has been stored for it from the first release on."""

from collections.abc import Callable
from typing import Any, get_args

from hypothesis import strategies as st

from podium.model.budget import BudgetLimits, BudgetLine
from podium.model.conversation import Busy
from podium.model.facts import answers, calls, choices, money, notices, runs, waits
from podium.model.facts.content import FactContent
from podium.model.fallback import Degraded
from podium.model.json import Json
from podium.model.outcome import Usage
from podium.model.question import PersonAnswer
from podium.model.retry import FailureKind
from podium.model.run import RunState

Written = tuple[FactContent, dict[str, Json]]
"""What a fact says, and the JSON of it."""

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
word = st.text("abcxyz", min_size=1, max_size=6)
count = st.integers(0, 2**53)
seconds = st.floats(0, 2e9)
maybe_seconds = st.none() | seconds
maybe = st.none() | word
yes = st.sampled_from([True])
words = st.lists(word, max_size=3).map(tuple)
allow_lists = st.lists(st.lists(word).map(tuple)).map(tuple)
json = st.recursive(
    st.none() | st.booleans() | count | text, lambda inner: st.lists(inner) | st.dictionaries(word, inner)
)
usages = st.builds(
    Usage, model=word, input_tokens=count, output_tokens=count, requests=count, usd=maybe_seconds,
    cpu_seconds=seconds, gb_seconds=seconds, in_doubt=st.booleans(),
)  # fmt: skip
degradations = st.lists(st.builds(Degraded, key=word, agent=word, by=maybe, why=text), max_size=2).map(tuple)
approvals = st.fixed_dictionaries({"approved": st.booleans()}, optional={"comment": text})
people = st.lists(st.builds(PersonAnswer, by=word, value=json | approvals, at=seconds), min_size=1, max_size=2).map(
    tuple
)
limits = st.builds(BudgetLimits, usd=st.none() | count, tokens=st.none() | count, calls=st.none() | count)
budget_lines = st.lists(st.builds(BudgetLine, id=word, limits=limits, to=maybe), max_size=2).map(tuple)


def plain(usage: Usage) -> Json:
    said = {
        "model": usage.model, "input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens,
        "requests": usage.requests, "usd": usage.usd,
    }  # fmt: skip
    measured = {"cpu_seconds": usage.cpu_seconds, "gb_seconds": usage.gb_seconds}
    doubtful = {"in_doubt": True} if usage.in_doubt else {}
    return {**said, **(measured if usage.cpu_seconds or usage.gb_seconds else {}), **doubtful}


def lacking(degraded: tuple[Degraded, ...]) -> Json:
    return [{"key": each.key, "agent": each.agent, "by": each.by, "why": each.why} for each in degraded]


def some(body: dict[str, Json], **optional: Json) -> dict[str, Json]:
    """Return a body with those fields besides that say anything."""
    return body | {name: value for name, value in optional.items() if value is not None}


@st.composite
def settled(draw: st.DrawFn) -> Written:
    body: dict[str, Json] = {"reservation": draw(word), "usd": draw(count), "tokens": draw(count), "calls": draw(count)}
    budgets, usage, in_doubt = draw(words), draw(st.none() | usages), draw(st.booleans())
    doubt, untold = (draw(st.none() | count), draw(st.none() | count)) if in_doubt else (None, None)
    by, beside = draw(st.just("") | word), draw(st.booleans())
    content = money.AmountSettled(
        **body, in_doubt=in_doubt, doubt=doubt, untold=untold, usage=usage, budgets=budgets, by=by, beside=beside
    )
    stored = some(
        body, in_doubt=in_doubt or None, doubt=doubt, untold=untold, usage=usage and plain(usage),
        budgets=budgets or None, by=by or None, beside=beside or None,
    )  # fmt: skip
    return content, stored


@st.composite
def started(draw: st.DrawFn) -> Written:
    callers, deadline, lines, done = draw(words), draw(maybe_seconds), draw(budget_lines), draw(words)
    budget = draw(st.dictionaries(st.sampled_from(["usd", "depth"]), count))
    body: dict[str, Json] = {
        "workflow": draw(word), "version": draw(word), "seed": draw(count), "principal": draw(word),
        "tenant": draw(word),
    }  # fmt: skip
    forked, trace, left = draw(maybe), draw(maybe), draw(words)
    conversation, busy = draw(maybe), draw(st.sampled_from(get_args(Busy)))
    allow, patterns = draw(allow_lists), draw(st.integers(1, 9))
    content = runs.Started(
        **body, callers=callers, deadline=deadline, budget=budget, lines=lines, forked_from=forked,
        done_before_fork=done, left_behind=left, trace=trace, conversation=conversation, busy=busy, allow=allow,
        patterns=patterns,
    )  # fmt: skip
    stored = [
        some({"id": each.id, "usd": each.limits.usd, "tokens": each.limits.tokens, "calls": each.limits.calls},
             to=each.to)
        for each in lines
    ]  # fmt: skip
    return content, some(
        body, callers=list(callers) or None, deadline=deadline, budget=budget or None, lines=stored or None,
        forked_from=forked, done_before_fork=list(done) or None, left_behind=list(left) or None, trace=trace,
        conversation=conversation, busy=None if busy == "wait" else busy,
        allow=[list(each) for each in allow] or None, patterns=None if patterns == 1 else patterns,
    )  # fmt: skip


def fixed(shape: Callable[..., FactContent], constant: dict[str, Json], **fields: st.SearchStrategy[Any]
) -> st.SearchStrategy[Written]:  # fmt: skip
    """Return facts of a shape whose fields are always written, under their own names, after what is constant."""
    return optional(shape, constant, fields)


def optional(
    shape: Callable[..., FactContent], constant: dict[str, Json], fields: dict[str, st.SearchStrategy[Any]],
    **more: st.SearchStrategy[Any],
) -> st.SearchStrategy[Written]:  # fmt: skip
    """Return facts of a shape of which some fields, the last ones, are written only where they say anything."""
    order = [*fields, *more]

    def written(given: dict[str, Any]) -> Written:
        known = {name: given[name] for name in order if name in given}
        return shape(**known), {**constant, **known}

    return st.fixed_dictionaries(fields, optional=more).map(written)


def renamed(facts: st.SearchStrategy[Written], **names: str) -> st.SearchStrategy[Written]:
    """Return facts of which some fields are stored under other names."""
    return facts.map(lambda each: (each[0], {names.get(name, name): value for name, value in each[1].items()}))


done = st.tuples(st.none() | usages, degradations, maybe).map(
    lambda given: (
        answers.AnsweredDone(usage=given[0], degraded=given[1], signal=given[2]),
        some({"outcome": "done"}, usage=given[0] and plain(given[0]), degraded=lacking(given[1]) or None,
             signal=given[2]),
    )
)  # fmt: skip
stepped = st.tuples(word, count, word, st.none() | usages, st.none() | word, st.just("") | word, st.booleans()).map(
    lambda given: (
        calls.StepDone(
            name=given[0], attempt=given[1], digest=given[2], usage=given[3], refused=given[4], by=given[5],
            beside=given[6],
        ),
        some({"name": given[0], "attempt": given[1], "digest": given[2]}, usage=given[3] and plain(given[3]),
             refused=given[4], by=given[5] or None, beside=given[6] or None),
    )
)  # fmt: skip
ended = st.tuples(st.sampled_from(RunState), text, words, degradations, st.just("") | word).map(
    lambda given: (
        runs.Ended(state=given[0], reason=given[1], causes=given[2], degraded=given[3], error_type=given[4]),
        some({"state": given[0], "reason": given[1], "causes": list(given[2])}, degraded=lacking(given[3]) or None,
             error_type=given[4] or None),
    )
)  # fmt: skip
answered = st.tuples(word, people, maybe).map(
    lambda given: (
        waits.QuestionAnswered(question=given[0], answers=given[1], granted=given[2]),
        some({"question": given[0],
              "answers": [{"by": each.by, "value": each.value, "at": each.at} for each in given[1]]},
             granted=given[2]),
    )
)  # fmt: skip
fallen = st.tuples(st.integers(1, 9), st.integers(2, 99), text.filter(bool))
failure: dict[str, st.SearchStrategy[Any]] = {"kind": st.sampled_from(FailureKind), "type": word, "message": text}
amount = {"reservation": word, "usd": count, "tokens": count, "calls": count}


@st.composite
def retried(draw: st.DrawFn) -> Written:
    body: dict[str, Json] = {
        "attempt": draw(count), "lineage": draw(count), "due": draw(maybe_seconds),
        **{name: draw(each) for name, each in failure.items()},
    }  # fmt: skip
    if (fallback := draw(st.none() | fallen)) is not None:
        body |= {"fallen": fallback[0], "first": fallback[1], "why": fallback[2]}
    if feedback := draw(text):
        body["feedback"] = feedback
    if draw(yes):
        body["spares"] = True
    return calls.AttemptFailed(**body), body


WRITTEN: dict[type[FactContent], st.SearchStrategy[Written]] = {
    runs.Started: started(),
    calls.Asked: optional(calls.Asked, {}, {"agent": word, "version": word}, why=text, conversation=word, label=word),
    answers.AnsweredDone: done,
    answers.AnsweredFailed: optional(
        answers.AnsweredFailed, {"outcome": "failed"}, failure, causes=words.filter(bool), output=yes
    ),
    answers.AnsweredRefused: optional(
        answers.AnsweredRefused, {"outcome": "refused"}, {"rule": word, "reason": text}, output=yes
    ),
    answers.AnsweredExpired: optional(answers.AnsweredExpired, {"outcome": "expired"}, {}, to=word),
    calls.AttemptFailed: retried(),
    calls.EffectIntended: fixed(calls.EffectIntended, {}, name=word, epoch=count),
    calls.IntentCleared: st.just((calls.IntentCleared(), {"cleared": True})),
    calls.StepDone: stepped,
    calls.StepSent: optional(
        calls.StepSent, {}, {"attempt": count, "began": seconds}, type=word, message=text.filter(bool),
        why=text.filter(bool),
    ),
    waits.SleepBegun: fixed(waits.SleepBegun, {}, due=seconds),
    waits.TurnTaken: optional(
        waits.TurnTaken, {}, {"conversation": word, "revision": count, "n": count},
        says=st.sampled_from(["answer", "nothing"]), alone=st.just(value=True),
    ),
    waits.QuestionAsked: optional(
        waits.QuestionAsked, {},
        {"question": word, "to": word, "text": text, "kind": word, "quorum": count, "due": maybe_seconds,
         "step": maybe},
        rule=word, keeps=word, remind=seconds,
    ),
    waits.QuestionAnswered: answered,
    waits.SignalAwaited: fixed(waits.SignalAwaited, {"wait": "signal"}, name=word, due=maybe_seconds),
    waits.ChildAwaited: fixed(waits.ChildAwaited, {"wait": "run"}, name=word, due=st.none()),
    waits.ChildSpawned: fixed(waits.ChildSpawned, {}, workflow=word, version=word, run=word),
    choices.NextChosen: fixed(choices.NextChosen, {}, next=count),
    choices.RaceWon: fixed(choices.RaceWon, {}, winner=count, key=word),
    choices.QuorumReached: fixed(choices.QuorumReached, {}, winners=st.lists(count).map(tuple)),
    choices.GatherFailed: fixed(choices.GatherFailed, {}, failed=count, key=word, started=count),
    choices.KeysCancelled: fixed(choices.KeysCancelled, {}, keys=words, by=word),
    runs.Cancelling: optional(runs.Cancelling, {}, {"reason": text}, deadline=yes),
    runs.Changed: fixed(runs.Changed, {}, changed=st.booleans()),
    calls.UndoRegistered: optional(calls.UndoRegistered, {}, {"agent": word, "version": word}, judged_anew=yes,
        callers=st.lists(word, min_size=1).map(tuple),
    ),
    runs.Rewound: optional(runs.Rewound, {}, {"facts": st.lists(count).map(tuple)}, deadline=seconds),
    runs.Repinned: renamed(
        fixed(runs.Repinned, {}, before=word, after=word), before="from", after="to"
    ),
    runs.Restarted: optional(
        runs.Restarted, {}, {"generation": count, "version": word}, deadline=seconds, seconds=seconds,
        ended_before=count.filter(bool), conversation=word, revision=count.filter(bool), held=yes, spoken=yes,
        patterns=count.filter(lambda each: each > 1),
    ),
    runs.Ended: ended,
    runs.Redacted: optional(runs.Redacted, {}, {"by": word, "why": text, "left": word}, signature=word),
    runs.InputEdited: fixed(runs.InputEdited, {}, key=word),
    waits.LookedUp: optional(waits.LookedUp, {}, {"of": word}, agents=words, label=word),
    money.AmountReserved: optional(money.AmountReserved, {}, {**amount, "budgets": words}, escrow=yes, by=word),
    money.AmountSettled: settled(),
    calls.Held: fixed(calls.Held, {}, until=seconds, why=text, rule=maybe),
    notices.RunQuarantined: fixed(notices.RunQuarantined, {"guard": "quarantine"}, strikes=count),
    notices.RunDiscarded: fixed(
        notices.RunDiscarded, {"guard": "dead-letter", "discarded": True}, by=word, why=text
    ),
    notices.DoubtCorrected: optional(
        notices.DoubtCorrected, {"guard": "correction"}, {"run": word, "usd": count, "by": word, "why": text},
        agent=word,
    ),
    notices.PolicyDecided: optional(
        notices.PolicyDecided, {"guard": "policy"}, {"rule": word, "decision": word, "action": word, "resource": word},
        reason=text,
    ),
    notices.DelegationDenied: fixed(
        notices.DelegationDenied, {"guard": "delegation"}, rule=word, decision=word, reason=text
    ),
    notices.BreakerMoved: renamed(
        fixed(notices.BreakerMoved, {"guard": "breaker"}, agent=word, version=word, before=word, after=word, why=text),
        before="from", after="to",
    ),
    notices.HealthChanged: fixed(
        notices.HealthChanged, {"guard": "health"}, agent=word, version=word, state=word, why=text
    ),
    notices.LoopFound: fixed(notices.LoopFound, {"guard": "loop"}, rule=word, why=text, then=word),
    notices.BoundExceeded: fixed(
        notices.BoundExceeded, {"guard": "budget"}, over=st.dictionaries(word, count),
        bound=st.dictionaries(word, count),
    ),
    notices.AnswerTakenFromCache: optional(
        notices.AnswerTakenFromCache, {"guard": "cache"}, {"agent": word, "run": word, "key": word},
        similarity=st.floats(0.5, 1.0), saved=st.floats(0.01, 9.0),
    ),
    notices.NoAnswerLookedFor: fixed(
        notices.NoAnswerLookedFor, {"guard": "cache-passed-by"}, agent=word, why=text
    ),
    notices.QuestionReminded: fixed(notices.QuestionReminded, {"guard": "reminder"}, question=word, to=word, n=count),
    notices.GuardActed: optional(
        notices.GuardActed, {},
        {"guard": word.map(lambda name: f"guard:{name}"), "place": word, "did": word, "reason": text}, step=word,
    ),
    notices.Notice: st.tuples(word, st.dictionaries(word, json)).map(
        lambda given: (notices.Notice(guard=given[0], said=given[1]), {"guard": given[0], **given[1]})
    ),
}  # fmt: skip
