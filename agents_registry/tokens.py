"""Issues, proves and revokes the tokens that agents sign in with."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.db import transaction

from agents_registry.models import WORKING_SCOPES, Agent, AgentToken
from ledger import clock, record

DEFAULT_DAYS = 90


@transaction.atomic
def issue(
    *,
    agent: Agent,
    actor: str,
    scopes: Iterable[str] = WORKING_SCOPES,
    days: int = DEFAULT_DAYS,
    test: bool = False,
) -> str:
    """Makes a token and returns its text, which is stored nowhere and shown this once.

    What is staged with a `test` token is judged and answered, and never done.
    """
    Agent.objects.select_for_update().get(pk=agent.pk)
    key_id, secret, now = secrets.token_hex(6), secrets.token_urlsafe(32), clock.now()
    token = AgentToken.objects.create(
        agent=agent,
        key_id=key_id,
        secret_sha256=_hash(secret),
        scopes=sorted(scopes),
        created_at=now,
        expires_at=now + timedelta(days=days),
        test=test,
    )
    record.append(
        scope=str(agent.team_id),
        stream=f"agent:{agent.pk}",
        type="token.issued",
        actor=actor,
        body={"token": key_id, "scopes": token.scopes, "days": days, "test": test},
    )
    return f"rq_{key_id}_{secret}"


def prove(text: str) -> AgentToken | None:
    """The live token that `rq_<id>_<secret>` names, or None for anything else."""
    prefix, _, rest = text.partition("_")
    key_id, _, secret = rest.partition("_")
    if prefix != "rq" or not secret or not _is_plain(text):
        return None
    token = (
        AgentToken.objects.select_related("agent__team")
        .filter(key_id=key_id, revoked_at__isnull=True)
        .first()
    )
    if token is None or not hmac.compare_digest(bytes(token.secret_sha256), _hash(secret)):
        return None
    return token if token.expires_at > clock.now() else None


def still_live(token_ids: Iterable[int]) -> dict[int, UUID]:
    """Of tokens that were proved a while ago those that would be let in now, with their agents."""
    live = AgentToken.objects.filter(
        pk__in=token_ids,
        revoked_at__isnull=True,
        expires_at__gt=clock.within_query(),
        agent__archived_at__isnull=True,
        agent__team__archived_at__isnull=True,
    )
    return dict(live.values_list("pk", "agent_id"))


@transaction.atomic
def revoke(*, token: AgentToken, actor: str) -> None:
    """Ends a token at once; revoking twice changes nothing."""
    agent = Agent.objects.select_for_update().get(pk=token.agent_id)
    ended = AgentToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(
        revoked_at=clock.now()
    )
    if ended:
        record.append(
            scope=str(agent.team_id),
            stream=f"agent:{agent.pk}",
            type="token.revoked",
            actor=actor,
            body={"token": token.key_id},
        )


def _is_plain(text: str) -> bool:
    return len(text) <= 200 and text.isascii() and text.isprintable()


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
