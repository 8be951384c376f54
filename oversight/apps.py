"""Names the app that adds up what happened."""

from django.apps import AppConfig


class OversightConfig(AppConfig):
    name = "oversight"
