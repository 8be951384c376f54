"""Every page says so when nobody looks for what is due."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from approvals import sweep
from approvals.models import Sweep
from ledger import clock

pytestmark = pytest.mark.django_db

PAGES = ["/inbox/", "/ownership/", "/team/"]


def alarm(client: Client, page: str = "/inbox/") -> str:
    return str(client.get(page).context["shell"]["unwatched"])


def test_a_sweep_that_runs_is_no_matter(signed_in: Client) -> None:
    sweep.turn()
    assert alarm(signed_in) == ""
    assert b"been watched" not in signed_in.get("/inbox/").content


@pytest.mark.parametrize("page", PAGES)
def test_a_job_that_stands_still_is_an_alarm_on_every_page(
    signed_in: Client, page: str, settings: LazySettings
) -> None:
    sweep.turn()
    missed = timedelta(seconds=(sweep.PATIENCE + 1) * settings.SWEEP_SECONDS)
    Sweep.objects.filter(job="steps").update(finished_at=clock.now() - missed)
    assert "have not been watched since" in alarm(signed_in, page)
    content = signed_in.get(page).content.decode()
    assert 'role="alert"' in content
    assert "start its worker and beat" in content


def test_what_never_ran_is_an_alarm_too(signed_in: Client) -> None:
    assert "not being watched yet" in alarm(signed_in)


def test_a_job_of_an_older_version_is_no_alarm(signed_in: Client) -> None:
    sweep.turn()
    Sweep.objects.create(job="of yore", finished_at=clock.now() - timedelta(days=9))
    assert alarm(signed_in) == ""


def test_the_age_is_asked_once_for_all_that_tells_it(
    signed_in: Client, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(2):
        sweep.pulse()
