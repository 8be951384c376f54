"""Which policies a document of the registry asks for, so that they can be tried."""

from typing import Any

from agents_registry.models import ActionType, Team
from agents_registry.policy.inheritance import merged, named
from agents_registry.revisions import POLICY_FIELDS
from agents_registry.spec.apply import known
from agents_registry.spec.rows import Document, Row, fill, over
from agents_registry.spec.standards import inherited


def documents_of(team: Team, document: Document) -> dict[str, dict[str, Any]]:
    """The policy of each stored action type as it would be, had the document been applied, by the
    id of the type. The document was checked before."""
    whole = over(known(team.slug), fill(document))
    types = ActionType.objects.filter(workflow__team=team, retired_at__isnull=True)
    policies = {}
    for action_type in types.select_related("workflow"):
        workflow = whole["workflows"].get(action_type.workflow.slug)
        if workflow and (row := workflow["action_types"].get(action_type.key)):
            policies[str(action_type.pk)] = _policy(action_type.key, row, workflow, whole)
    return policies


def _policy(key: str, row: Row, workflow: Row, whole: Document) -> dict[str, Any]:
    said = {"key": key, **row}
    own = {name: said[name] for name in (*POLICY_FIELDS, "confidence_line")}
    rules = sorted(inherited(workflow, whole).items())
    return merged(own, [named(slug, each) for slug, each in rules])
