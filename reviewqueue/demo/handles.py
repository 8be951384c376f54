"""Writes `demo.json`: addresses, people and a working token for every demo agent."""

import json
from pathlib import Path

from django.conf import settings

from agents_registry import tokens
from agents_registry.models import Agent
from reviewqueue.demo import organisation, people


def write(path: Path, url: str) -> None:
    """Writes the file for its owner's eyes only; tokens in it that still work are kept."""
    known = _known_tokens(path)
    said = {
        "url": url,
        "database_url": settings.DATABASE_URL,
        "redis_url": settings.REDIS_URL,
        "users": people.users(),
        "agents": [
            {"slug": slug, "token": _token(agent, known.get(slug, ""))}
            for slug, agent in organisation.agents().items()
        ],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(json.dumps(said, indent=2) + "\n")


def _known_tokens(path: Path) -> dict[str, str]:
    """The tokens of an earlier file; none where it is missing or something else."""
    try:
        return {entry["slug"]: entry["token"] for entry in json.loads(path.read_text())["agents"]}
    except (OSError, ValueError, KeyError):
        return {}


def _token(agent: Agent, known: str) -> str:
    """The known token while it proves this agent, else a new one."""
    proved = tokens.prove(known)
    works = proved is not None and proved.agent == agent
    return known if works else tokens.issue(agent=agent, actor="system:demo")
