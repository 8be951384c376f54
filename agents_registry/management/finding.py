"""Finds what a command names, or says what else there is."""

from django.core.management.base import CommandError

from agents_registry.models import Agent


def agent(slug: str, team: str | None) -> Agent:
    """The agent with this slug; CommandError where there is none, or one in several teams."""
    agents = Agent.objects.filter(slug=slug).select_related("team").order_by("team__slug")
    found = list(agents.filter(team__slug=team) if team else agents)
    if not found:
        known = ", ".join(Agent.objects.order_by("slug").values_list("slug", flat=True)[:20])
        raise CommandError(f"There is no agent {slug}. There are: {known or 'none yet'}.")
    if len(found) > 1:
        teams = " or ".join(one.team.slug for one in found)
        raise CommandError(f"Several teams have an agent {slug}. Say which: --team {teams}.")
    return found[0]
