"""Names the app that keeps the record."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "ledger"
