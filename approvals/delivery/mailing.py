"""Sends one message to one mailbox."""

from smtplib import SMTPDataError, SMTPException, SMTPRecipientsRefused, SMTPSenderRefused
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from approvals.delivery.not_taken import After, NotTaken
from approvals.notices.letters import Message

SECONDS = 10
"""That the mail server may take for each of its answers."""

LONGEST_REASON = 200


def send(*, to: str, message_id: UUID, message: Message) -> None:
    """Hands it to the mail server; the same `message_id` is the same Message-ID.

    Raises NotTaken. What the server refuses for good, for this mailbox or this message, is given
    up; that it does not answer is not the mailbox's fault.
    """
    if not settings.EMAIL_HOST:
        raise NotTaken("No mail server is set up here (EMAIL_URL).", After.OUR_FAULT)
    if not to:
        raise NotTaken("The account has no e-mail address.", After.GIVE_UP)
    try:
        _letter(to, message_id, message).send()
    except SMTPRecipientsRefused as refusal:
        code, said = next(iter(refusal.recipients.values()))
        raise _refused("this address", code, said, After.RETRY) from None
    except SMTPDataError as refusal:
        raise _refused("this message", refusal.smtp_code, refusal.smtp_error, After.RETRY) from None
    except SMTPSenderRefused as refusal:
        words = _refused("our sender", refusal.smtp_code, refusal.smtp_error, After.RETRY).words
        raise NotTaken(words, After.OUR_FAULT) from None
    except (SMTPException, OSError):
        raise NotTaken("The mail server could not be reached.", After.OUR_FAULT) from None
    except ValueError:
        raise NotTaken("This cannot be written as an e-mail.", After.GIVE_UP) from None


def _letter(to: str, message_id: UUID, message: Message) -> EmailMultiAlternatives:
    letter = EmailMultiAlternatives(
        " ".join(message.subject.split()),
        message.text,
        to=[to],
        headers=_headers(message_id),
        connection=get_connection(timeout=SECONDS),
    )
    letter.attach_alternative(message.html, "text/html")
    return letter


def _headers(message_id: UUID) -> dict[str, str]:
    """A mail that nobody answers by machine, and that programs can file."""
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    return {
        "Message-ID": f"<{message_id}@{host}>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "Precedence": "bulk",
        "List-Id": f"Review Queue notices <notices.{host}>",
    }


def _refused(what: str, code: int, said: bytes | str, otherwise: After) -> NotTaken:
    reason = said.decode(errors="replace") if isinstance(said, bytes) else said
    words = f"The mail server refused {what}: {code} {' '.join(reason.split())[:LONGEST_REASON]}"
    return NotTaken(words, After.GIVE_UP if 500 <= code < 600 else otherwise)
