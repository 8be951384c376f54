"""Makes the organisation of these tests; run by the product's Python, prints JSON.

It has one support desk: a refund and an e-mail that a person must approve, a look-up that nobody
must, and a reviewer who may decide them.
"""

import json
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reviewqueue.settings")
django.setup()

from tests import factories  # noqa: E402 (needs the settings)

MAIL_SCHEMA = {
    "type": "object",
    "properties": {
        "to": {"type": "string"},
        "subject": {"type": "string"},
        "body": {"type": "string"},
    },
    "required": ["to", "subject", "body"],
    "additionalProperties": False,
}


def make() -> dict[str, str]:
    """The token of its agent, its workflow, and who decides in it."""
    agent, workflow, _ = factories.create_desk("support")
    factories.create_read_type(workflow)
    factories.create_action_type(
        workflow,
        "send_email",
        name="E-mail",
        sentence="Send “{subject}” to {to}",
        payload_schema=MAIL_SCHEMA,
        verb="send",
        impact={"affected": {"const": 1}},
    )
    return {
        "token": factories.create_token(agent),
        "agent": agent.slug,
        "workflow": workflow.slug,
        "username": factories.reviewer_of(workflow).username,
        "password": factories.PASSWORD,
    }


if __name__ == "__main__":
    print(json.dumps(make()))
