"""The pages for somebody who forgot the password, before they are signed in."""

from typing import Any

from django.contrib.auth.views import PasswordResetConfirmView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse_lazy

from agents_registry import password_resets
from agents_registry.password_resets import TooOften


def forgotten(request: HttpRequest) -> HttpResponse:
    """Asks for an e-mail address, and answers the same for every address."""
    sends_mail = password_resets.sends_mail()
    context: dict[str, Any] = {"sends_mail": sends_mail, "hours": password_resets.LIFE_HOURS}
    if request.method != "POST" or not sends_mail:
        return render(request, "registration/forgotten.html", context)
    email = request.POST.get("email", "").replace("\x00", "").strip()[:254]
    try:
        password_resets.ask(email=email, client=request.META.get("REMOTE_ADDR", ""))
    except TooOften:
        context = {**context, "too_often": True, "email": email}
        return render(request, "registration/forgotten.html", context, status=429)
    return render(request, "registration/sent.html", {**context, "email": email})


class Reset(PasswordResetConfirmView):
    """Chooses another password; Django checks the link and uses it up."""

    template_name = "registration/reset.html"
    token_generator = password_resets.tokens
    success_url = reverse_lazy("login")
