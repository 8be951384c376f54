"""Every address of the installation."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path
from django.views.generic import RedirectView

from agents_registry.views import reading as registry
from approvals.views import action, decide, edit, inbox
from oversight import views as oversight

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="inbox"), name="home"),
    path("inbox/", inbox.show, name="inbox"),
    path("inbox/fresh", inbox.fresh, name="inbox_fresh"),
    path("actions/<uuid:action_id>/", action.show, name="action"),
    path("actions/<uuid:action_id>/decide", decide.decide, name="decide"),
    path("actions/<uuid:action_id>/edit", edit.edit, name="edit"),
    path("decisions/<int:decision_id>/undo", decide.undo, name="undo"),
    path("follow-ups/<int:follow_up_id>/close", decide.close_follow_up, name="follow_up"),
    path("ownership/", oversight.show, name="ownership"),
    path("ownership/matrix", oversight.matrix, name="ownership_matrix"),
    path("registry/<slug:slug>/model/", oversight.model, name="operating_model"),
    path("stop", oversight.stop, name="stop"),
    path("stops/<uuid:stop_id>/", oversight.stopped, name="stopped"),
    path("stops/<uuid:stop_id>/resume", oversight.resume, name="resume"),
    path("team", oversight.switch_team, name="switch_team"),
    path("registry/", registry.workflows, name="registry"),
    path("registry/<slug:slug>/", registry.workflow, name="registry_workflow"),
    path("registry/<slug:slug>/<str:key>/", registry.action_type, name="registry_action_type"),
    path("login/", LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("api/v1/", include("approvals.api.urls")),
]
