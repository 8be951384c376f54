"""The Celery application and its one timetable: each tick says only "look"."""

import gc
import os
from typing import Any

from celery import Celery
from celery.signals import worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reviewqueue.settings")

app = Celery("reviewqueue")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect  # type: ignore[untyped-decorator]  # celery ships no types
def look_for_garbage_less(**known: Any) -> None:
    """What is loaded is none, and of what a batch makes, everything lives until it is written."""
    gc.freeze()
    gc.set_threshold(50_000)
