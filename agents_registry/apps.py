"""Names the app that knows who may do what."""

from django.apps import AppConfig


class AgentsRegistryConfig(AppConfig):
    name = "agents_registry"
