"""Reads the process environment into typed values and says clearly what is missing."""

import os
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str | None = None) -> str:
    """The variable's value; ImproperlyConfigured when it is unset and has no default."""
    value = os.environ.get(name, default)
    if value is None or value == "":
        if default is not None:
            return default
        raise ImproperlyConfigured(f"Set {name}: docs/configuration.md says what it is for.")
    return value


def flag(name: str, default: bool) -> bool:
    return text(name, "1" if default else "0").lower() in {"1", "true", "yes", "on"}


def number(name: str, default: int) -> int:
    value = text(name, str(default))
    if not value.isdigit():
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.")
    return int(value)


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def database(name: str, default: str | None = None) -> dict[str, Any]:
    """Django's connection settings from `postgresql://user:password@host:port/name?option=…`.

    A unix socket is given as `?host=/folder`, as libpq does.
    """
    url = urlsplit(text(name, default))
    if url.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(f"{name} must be a postgresql:// address.")
    options = dict(parse_qsl(url.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(url.path.lstrip("/")),
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": options.pop("host", url.hostname or ""),
        "PORT": options.pop("port", str(url.port or "")),
        "OPTIONS": options,
    }


def email(name: str) -> dict[str, Any]:
    """Django's mail settings from `smtp://user:password@host:587/?tls=1` or `smtps://…`.

    With `tls=1` the connection is encrypted after its beginning, with `smtps` from it. The host is
    empty where the variable is unset: then nothing is sent.
    """
    url = urlsplit(text(name, ""))
    if url.scheme not in {"smtp", "smtps", ""} or bool(url.scheme) != bool(url.hostname):
        raise ImproperlyConfigured(f"{name} must be an smtp:// or smtps:// address.")
    options = dict(parse_qsl(url.query))
    tls = options.pop("tls", "0").lower() in {"1", "true", "yes", "on"}
    if options or (tls and url.scheme == "smtps"):
        raise ImproperlyConfigured(f"{name} knows tls=1 alone, and that with smtp:// only.")
    encrypted = url.scheme == "smtps"
    return {
        "EMAIL_HOST": url.hostname or "",
        "EMAIL_PORT": url.port or (465 if encrypted else 587 if tls else 25),
        "EMAIL_HOST_USER": unquote(url.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(url.password or ""),
        "EMAIL_USE_TLS": tls,
        "EMAIL_USE_SSL": encrypted,
    }
