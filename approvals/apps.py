"""Names the app that knows what happens to one staged action."""

from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    name = "approvals"
