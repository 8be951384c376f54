"""Lets somebody who forgot their password choose another, by a link sent to their own address."""

import hashlib
import logging
import threading
from smtplib import SMTPException
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.forms import PasswordResetForm
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core.mail import EmailMessage
from django.template import loader
from django.utils.http import base36_to_int

from agents_registry.rates import counter

LIFE_HOURS = 2
WINDOW_SECONDS = 3600
MOST_TO_ONE_ADDRESS = 5
MOST_FROM_ONE_CLIENT = 20

log = logging.getLogger(__name__)


class TooOften(Exception):
    """So many links were asked for that nobody gets another one now."""


class ResetTokens(PasswordResetTokenGenerator):
    """Tokens of links that end after two hours, once used, and with the next sign-in.

    An invitation's token is another kind: neither opens the other's page.
    """

    key_salt = "agents_registry.password_resets"

    def check_token(self, user: Any, token: str | None) -> bool:
        return super().check_token(user, token) and self._age(str(token)) < LIFE_HOURS * 3600

    def _age(self, token: str) -> int:
        made = base36_to_int(token.split("-")[0])
        return int(self._num_seconds(self._now())) - made


tokens = ResetTokens()


class _ByPost(PasswordResetForm):
    """Django's form finds the open accounts of an address; the message goes out beside the answer,
    so that the answer takes as long for an address that nobody has."""

    def send_mail(
        self,
        subject_template_name: str,
        email_template_name: str,
        context: dict[str, Any],
        from_email: str | None,
        to_email: str,
        html_email_template_name: str | None = None,
    ) -> None:
        subject = " ".join(loader.render_to_string(subject_template_name, context).split())
        body = loader.render_to_string(email_template_name, context)
        message = EmailMessage(subject, body, from_email, [to_email])
        threading.Thread(target=_send, args=[message]).start()


def sends_mail() -> bool:
    """Whether this installation can send anything at all."""
    return bool(settings.EMAIL_HOST)


def ask(*, email: str, client: str) -> None:
    """Sends a link to every open account of this address; nothing tells whether there is one.

    Raises TooOften after so many in an hour, for the address as typed or from the same client.
    """
    _check_rate(email, client)
    form = _ByPost({"email": email})
    if not form.is_valid():
        return
    url = urlsplit(settings.PUBLIC_URL)
    form.save(
        domain_override=url.netloc,
        use_https=url.scheme == "https",
        token_generator=tokens,
        from_email=settings.DEFAULT_FROM_EMAIL,
        subject_template_name="registration/reset_subject.txt",
        email_template_name="registration/reset_mail.txt",
        extra_email_context={"public_url": settings.PUBLIC_URL, "hours": str(LIFE_HOURS)},
    )


def _check_rate(email: str, client: str) -> None:
    """Both are counted, also beyond the limit. While Redis is away nothing is."""
    address = hashlib.sha256(email.strip().lower().encode()).hexdigest()
    limits = {
        f"reset:to:{address}": MOST_TO_ONE_ADDRESS,
        f"reset:from:{client}": MOST_FROM_ONE_CLIENT,
    }
    used = {key: counter().count(key, WINDOW_SECONDS) for key in limits}
    if any((count or 0) > limits[key] for key, count in used.items()):
        raise TooOften


def _send(message: EmailMessage) -> None:
    """A failure is for who runs the installation; the address stays out of the log."""
    try:
        message.send()
    except (SMTPException, OSError):
        log.exception("a password link could not be sent")
