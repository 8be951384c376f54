"""A person's own settings, and their password."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse, reverse_lazy

from agents_registry import own_settings
from agents_registry.current_team import person_of
from agents_registry.own_settings import CannotSet


@login_required
def show(request: HttpRequest) -> HttpResponse:
    """The settings; a post changes them all."""
    person, error = person_of(request), ""
    if request.method == "POST":
        try:
            own_settings.change(
                person=person,
                time_zone=request.POST.get("time_zone", ""),
                theme=request.POST.get("theme", ""),
                keys_on=request.POST.get("keys_on") == "yes",
            )
        except CannotSet as refusal:
            error = str(refusal)
        else:
            messages.success(request, "Kept. It holds from this page on.")
            return HttpResponseRedirect(reverse("me"), status=303)
    context = {
        "me": person,
        "zones": own_settings.zones(),
        "themes": own_settings.THEMES.items(),
        "error": error,
    }
    return render(request, "me.html", context, status=422 if error else 200)


class Password(LoginRequiredMixin, PasswordChangeView):
    """Every other session of this person ends with the old password; this one goes on."""

    template_name = "registration/password.html"
    success_url = reverse_lazy("me")

    def form_valid(self, form: Any) -> HttpResponse:
        messages.success(self.request, "You have a new password. Other devices are signed out.")
        return super().form_valid(form)
