"""Every address of the API."""

from django.urls import path, re_path

from approvals.api import health, metrics, pages, reading, releasing, reporting, staging

app_name = "api"
urlpatterns = [
    path("actions", staging.Actions.as_view(), name="actions"),
    path("actions/batch", staging.Batch.as_view(), name="batch"),
    path("actions/check", staging.Check.as_view(), name="check"),
    path("actions/release", releasing.ReleaseNext.as_view(), name="release_next"),
    path("actions/<uuid:action_id>", reading.OneAction.as_view(), name="action"),
    path("actions/<uuid:action_id>/release", releasing.Release.as_view(), name="release"),
    path("actions/<uuid:action_id>/outcome", reporting.Outcome.as_view(), name="outcome"),
    path("actions/<uuid:action_id>/withdraw", staging.Withdraw.as_view(), name="withdraw"),
    path("actions/<uuid:action_id>/revise", staging.Revise.as_view(), name="revise"),
    path("actions/<uuid:action_id>/rollback", reporting.Rollback.as_view(), name="rollback"),
    path("decisions", reading.Decisions.as_view(), name="decisions"),
    path("metrics", metrics.Metrics.as_view(), name="metrics"),
    path("me", reading.Me.as_view(), name="me"),
    path("health/live", health.Live.as_view(), name="live"),
    path("health/ready", health.Ready.as_view(), name="ready"),
    path("problems/<slug:code>", pages.Explanation.as_view(), name="problem"),
    path("schema", pages.Schema.as_view(), name="schema"),
    path("docs", pages.Docs.as_view(), name="docs"),
    re_path("", pages.NotHere.as_view(), name="not_here"),
]
