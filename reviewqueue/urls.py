"""Every address of the installation."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path
from django.views.generic import RedirectView

from agents_registry.views import change_requests, confirming, editing, revisions, standards, team
from agents_registry.views import reading as registry
from approvals.views import action, decide, edit, inbox, leaving, modes, rules, trials
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
    path("trials/<uuid:trial_id>/", trials.show, name="trial"),
    path("downgrades/<uuid:downgrade_id>/", modes.show, name="downgrade"),
    path("downgrades/<uuid:downgrade_id>/restore", modes.restore, name="restore_mode"),
    path("team", oversight.switch_team, name="switch_team"),
    path("team/", team.show, name="team"),
    path("team/found", team.found, name="team_found"),
    path("team/edit", editing.team, name="team_edit"),
    path("team/people/<str:username>/leave", leaving.leave, name="team_leave"),
    path("team/people/<str:username>/invite", team.invite, name="team_invite"),
    path("team/agents/<slug:slug>/tokens", team.issue, name="team_token_new"),
    path("team/tokens/<int:token_id>/revoke", team.revoke, name="team_token_revoke"),
    path("team/<str:section>/new", editing.new_row, name="team_row_new"),
    path("team/<str:section>/<str:name>/", editing.row, name="team_row"),
    path("team/<str:section>/<str:name>/archive", team.archive, name="team_archive"),
    path("welcome/<str:uidb64>/<str:token>/", team.Welcome.as_view(), name="welcome"),
    path("registry/", registry.workflows, name="registry"),
    path("registry/data/", registry.data, name="data_map"),
    path("registry/new", editing.new_workflow, name="registry_new"),
    path("registry/<slug:slug>/edit", editing.workflow, name="registry_edit"),
    path("registry/<slug:slug>/", registry.workflow, name="registry_workflow"),
    path("registry/<slug:slug>/confirm", confirming.show, name="registry_confirm"),
    path("registry/<slug:slug>/<str:key>/", registry.action_type, name="registry_action_type"),
    path("registry/<slug:slug>/new-type", rules.new, name="new_type"),
    path("registry/<slug:slug>/<str:key>/edit", rules.edit, name="edit_type"),
    path("registry/<slug:slug>/<str:key>/revisions/", revisions.show, name="revisions"),
    path(
        "registry/<slug:slug>/<str:key>/revisions/<int:change_id>/undo",
        revisions.undo,
        name="revision_undo",
    ),
    path("standards/", standards.show, name="standards"),
    path("standards/new", standards.new, name="standard_new"),
    path("standards/<slug:slug>/edit", standards.edit, name="standard_edit"),
    path("requests/", change_requests.show, name="requests"),
    path("requests/<uuid:request_id>/sign", change_requests.sign, name="request_sign"),
    path("requests/<uuid:request_id>/decline", change_requests.decline, name="request_decline"),
    path("requests/<uuid:request_id>/withdraw", change_requests.withdraw, name="request_withdraw"),
    path("login/", LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("api/v1/", include("approvals.api.urls")),
]
