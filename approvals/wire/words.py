"""PURE: what a model is told of a call that is not done, in one or two plain sentences."""

from collections.abc import Sequence

from approvals.states import State

WORDS = {
    State.REJECTED: "A person rejected this call.",
    State.CHANGES_REQUESTED: "A person asks for changes. It was not done: propose it anew.",
    State.TAKEN_OVER: "A person does this themselves. Do not do it.",
    State.ACCEPTED: "A person accepted it as a draft and uses it themselves. Do not do it.",
    State.EXPIRED: "Its time ran out before it could be done. It was not done.",
    State.WITHDRAWN: "It was withdrawn. It was not done.",
    State.REVOKED: "Its approval was taken back. It was not done.",
    State.BLOCKED: "The policy rules this call out. It was not done.",
    State.OBSERVED: "This was a test. It was judged, and it is never done.",
}


BY_PEOPLE = {
    State.REJECTED,
    State.CHANGES_REQUESTED,
    State.TAKEN_OVER,
    State.ACCEPTED,
    State.WITHDRAWN,
}
"""Where the last verdict of a person is why it is not done."""


def refusal(state: State, *said: str, because: Sequence[str] = ()) -> str:
    """Why nothing is done, with what the person said, and the findings where it is blocked."""
    people = map(_sentence, said) if state in BY_PEOPLE else ()
    findings = because if state == State.BLOCKED else ()
    return " ".join(part for part in (WORDS[state], *people, *findings) if part)


def cannot(detail: str) -> str:
    """Why what was approved is not done after all."""
    return f"It was approved and cannot be done now. {detail} It was not done."


def only_once(state: State) -> str:
    """An approval that was used already."""
    return f"It was approved, taken already, and is {state}. Do not do it again."


def of_all(refused: Sequence[tuple[str, str, str]]) -> str:
    """Why calls are not done, by name and id, where a library says it apart from them: a line
    each, whatever somebody wrote."""
    lines = [f"{name} ({call_id}): {' '.join(why.split())}" for name, call_id, why in refused]
    return "\n".join(["These calls were not done:", *lines])


def _sentence(text: str) -> str:
    text = text.strip()
    return f"{text}." if text and text[-1].isalnum() else text
