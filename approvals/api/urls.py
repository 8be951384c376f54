"""Every address of the API."""

from django.urls import path, re_path

from approvals.api import (
    health,
    memory,
    metrics,
    pages,
    reading,
    releasing,
    reporting,
    runs,
    staging,
    wire,
)

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
    path("actions/<uuid:action_id>/results", memory.Results.as_view(), name="results"),
    path("actions/<uuid:action_id>/opinions", memory.Opinions.as_view(), name="opinions"),
    path(
        "subjects/<str:subject_type>/<path:subject_id>/history",
        memory.History.as_view(),
        name="history",
    ),
    path("evaluation-set", memory.EvaluationSet.as_view(), name="evaluation_set"),
    path("runs/<path:run_id>", runs.OneRun.as_view(), name="run"),
    path("decisions", reading.Decisions.as_view(), name="decisions"),
    path("metrics", metrics.Metrics.as_view(), name="metrics"),
    path("wire/<slug:shape>", wire.Interrupts.as_view(), name="interrupts"),
    path("wire/<slug:shape>/<uuid:thread_id>", wire.Thread.as_view(), name="thread"),
    path("wire/<slug:shape>/<uuid:thread_id>/take", wire.Take.as_view(), name="take_thread"),
    path("me", reading.Me.as_view(), name="me"),
    path("health/live", health.Live.as_view(), name="live"),
    path("health/ready", health.Ready.as_view(), name="ready"),
    path("problems/<slug:code>", pages.Explanation.as_view(), name="problem"),
    path("schema", pages.Schema.as_view(), name="schema"),
    path("docs", pages.Docs.as_view(), name="docs"),
    re_path("", pages.NotHere.as_view(), name="not_here"),
]
