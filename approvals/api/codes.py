"""Every code an answer can carry, with its title and what to do about it, in one table."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """`status` is the one it comes with; codes of single fields come within a 400."""

    status: int
    title: str
    advice: str


CODES = {
    # The body as JSON
    "body_not_json": Code(400, "The body is not JSON", "Send one JSON object."),
    "body_not_object": Code(400, "The body is not an object", "Wrap what you send in {…}."),
    "body_not_utf8": Code(400, "The body is not UTF-8", "Encode the body as UTF-8, without a BOM."),
    "body_unreadable": Code(400, "The body ended early", "Send it again with the same key."),
    "name_repeated": Code(400, "A name stands twice", "Give each name of an object once."),
    "number_not_finite": Code(400, "Not a number", "Leave out NaN and Infinity."),
    "number_out_of_range": Code(
        400, "A number is too large", "Send whatever is beyond 2^53 - 1 as a string."
    ),
    "text_has_lone_surrogate": Code(
        400, "Half a surrogate pair", "Send whole characters; cut texts between characters."
    ),
    "text_has_nul": Code(400, "A text holds U+0000", "Remove the character."),
    "too_deep": Code(400, "Nested too deep", "Nest objects and lists at most 32 deep."),
    "not_canonical": Code(
        400, "The body has no canonical form", "Send what RFC 8785 can write: plain JSON."
    ),
    "unstorable": Code(400, "It cannot be stored", "A value does not fit; look at the detail."),
    "length_required": Code(
        411, "The length is missing", "Send Content-Length instead of a chunked body."
    ),
    "too_large": Code(413, "The body is too large", "Send at most 256 KiB; link what is larger."),
    "unsupported_media_type": Code(
        415, "Not this kind of body", "Send Content-Type: application/json."
    ),
    "null_characters_not_allowed": Code(400, "A text holds U+0000", "Remove the character."),
    # Its shape
    "invalid": Code(400, "The request is not valid", "Mend what `errors` points at."),
    "unknown_field": Code(
        400, "No such field", "Remove it, or look its name up in the description of the API."
    ),
    "required": Code(400, "A field is missing", "Add it."),
    "null": Code(400, "A field is null", "Give it a value."),
    "blank": Code(400, "A text is empty", "Write something, or leave the field out."),
    "max_length": Code(400, "Too long", "Shorten it, or send fewer."),
    "empty": Code(400, "An empty list", "Send at least one."),
    "min_value": Code(400, "Too small", "Send a larger number."),
    "max_value": Code(400, "Too large", "Send a smaller number."),
    "not_a_list": Code(400, "Not a list", "Send a list."),
    "invalid_choice": Code(400, "Not one of the choices", "Send one of the values it names."),
    "instant_invalid": Code(
        400, "Not an instant", "Send ISO 8601 with an offset: 2026-11-25T17:00:00+01:00."
    ),
    "address_not_allowed": Code(
        400, "Nothing is sent to this address", "Name a public host, and begin with https://."
    ),
    "cursor_invalid": Code(
        400, "Not a cursor", "Send `next` of the last answer as it is, or start anew without one."
    ),
    # Who is asking
    "not_authenticated": Code(
        401, "No token", "Send Authorization: Bearer rq_…, the agent's token."
    ),
    "authentication_failed": Code(
        401, "This token does not open", "It is unknown, revoked or past its end: issue a new one."
    ),
    "permission_denied": Code(
        403, "Not with this token", "Use a token with the scope that the call needs."
    ),
    "not_found": Code(
        404, "Not found", "Check the id: an agent sees its own actions and no others."
    ),
    "method_not_allowed": Code(405, "Not with this method", "Use a method named in Allow."),
    "throttled": Code(429, "Too many requests", "Wait as many seconds as Retry-After says."),
    "too_many_pending": Code(
        429,
        "Too many wait already",
        "Ask again at `retry_at`; `expected_wait_seconds` says how long a new one would wait.",
    ),
    # Staging
    "unknown_workflow": Code(
        404, "No such workflow", "GET /api/v1/me lists the workflows this agent may use."
    ),
    "unknown_action_type": Code(
        400,
        "Not in the action space",
        "GET /api/v1/me lists the action types. The risk owner sees that this was asked for.",
    ),
    "dependency_unknown": Code(
        400, "It depends on what is not there", "Name actions that this agent staged."
    ),
    "dependency_failed": Code(
        409, "What it depends on came to nothing", "Stage that anew, and then what depends on it."
    ),
    "payload_invalid": Code(
        400, "The payload does not fit", "Mend the places that `errors` points at."
    ),
    "handoff_incomplete": Code(
        400, "The handoff is incomplete", "Say what happened, what is asked, and what comes next."
    ),
    "idempotency_key_missing": Code(
        400, "No Idempotency-Key", "Send a key of your own for everything but reads."
    ),
    "idempotency_key_invalid": Code(
        400, "Not a usable key", "Use 1 to 255 printable ASCII characters."
    ),
    "idempotency_key_reused": Code(
        422, "The key was used before", "Use a new key for a new request, the old for a retry."
    ),
    "not_revisable": Code(
        409, "Nothing to revise", "Only an action in changes_requested can be revised."
    ),
    "paused": Code(423, "Stopped by a person", "Wait: the detail says who can turn it back on."),
    "conflict": Code(409, "Something changed first", "Read the action again and go from there."),
    # Releasing and reporting
    "not_approved": Code(409, "Not approved", "Wait for the decision: GET with Prefer: wait=60."),
    "not_decided": Code(
        409, "Not every call is decided", "Wait: GET the thread with Prefer: wait=60."
    ),
    "not_live": Code(
        409,
        "Not to be done",
        "It was staged to be looked at only, or asked for with a token for tests: "
        "use one that is not, for what is to be done.",
    ),
    "draft_only": Code(409, "Draft only", "Nothing may be executed: a person uses the draft."),
    "leased": Code(409, "Leased already", "Whoever holds the lease reports the outcome."),
    "too_early": Code(409, "Too early", "Try again at `retry_at`."),
    "waiting_for": Code(
        409, "It waits for another action", "Ask again when all in `waiting_for` are done."
    ),
    "too_late": Code(409, "Too late", "It is over, or ends before it may be taken. Stage it anew."),
    "world_changed": Code(
        409, "The world changed", "A reviewer looks at it again. Wait for the decision."
    ),
    "lease_lost": Code(
        409, "The lease is over", "Do not do it again: a person settles what happened."
    ),
    "outcome_differs": Code(
        409, "Another outcome is on record", "An outcome is reported once; the first one counts."
    ),
    "no_rollback": Code(409, "No rollback is asked for", "Report only what a person asked for."),
    # What came of it, and what others think of it
    "not_done": Code(
        409, "Nothing was done", "Report what came of it once it is done, or a person goes on."
    ),
    "too_many_results": Code(409, "It has too many results", "Report sums, not each one."),
    "not_pending": Code(409, "Nobody decides it any more", "Only what is pending is checked."),
    "changed": Code(409, "It has changed meanwhile", "Read it again, and go from there."),
    "opinion_differs": Code(
        409, "Another opinion is on record", "An agent has one opinion of a revision: the first."
    ),
    "own_action": Code(409, "Its own action", "Let an agent check it that did not stage it."),
    "rollback_is_staged": Code(
        409,
        "Another action undoes it",
        "Take the action that the detail names when it is approved, and report its outcome.",
    ),
    # Metrics
    "unknown_metric": Code(
        400, "Not a metric of this workflow", "Ask its owners to list it, with you as its source."
    ),
    "window_invalid": Code(
        400, "Not a window", "Report windows that have ended, of 366 days at most."
    ),
    "value_invalid": Code(
        400, "Not a value that is kept", "Send a number below 2^53, or a decimal string."
    ),
    "reading_differs": Code(
        409, "Another value is on record", "A window is read once; the first value counts."
    ),
    # The service itself
    "internal_error": Code(
        500, "A fault of ours", "Try again with the same key; tell the operator if it stays."
    ),
    "unavailable": Code(
        503, "Not available for a moment", "Try again in a few seconds with the same key."
    ),
}
