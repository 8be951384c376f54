"""Writes `demo.json`: addresses, people and a working token for every demo agent."""

import json
from pathlib import Path

from django.conf import settings

from agents_registry import tokens
from reviewqueue.demo import organisation, people


def write(path: Path, url: str) -> None:
    """Writes the file for its owner's eyes only; tokens in it that still work are kept."""
    kept = _known_tokens(path)
    said = {
        "url": url,
        "database_url": settings.DATABASE_URL,
        "redis_url": settings.REDIS_URL,
        "users": people.users(),
        "agents": [
            {"slug": slug, "token": kept.get(slug) or tokens.issue(agent=agent, actor="system:demo")}
            for slug, agent in organisation.agents().items()
        ],
    }
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(json.dumps(said, indent=2) + "\n")


def _known_tokens(path: Path) -> dict[str, str]:
    """The tokens of an earlier file that still prove their agent."""
    try:
        listed = json.loads(path.read_text())["agents"]
    except (OSError, ValueError, KeyError):
        return {}
    found = {entry["slug"]: entry["token"] for entry in listed}
    return {slug: token for slug, token in found.items() if _proves(token, slug)}


def _proves(text: str, slug: str) -> bool:
    token = tokens.prove(text)
    return token is not None and token.agent.slug == slug
