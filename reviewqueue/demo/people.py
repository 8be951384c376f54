"""The people of the demo: who may sign in, with what, and what they are."""

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, make_password

from agents_registry.models import Person

PASSWORD = "demo-only"  # noqa: S105 (it is printed on the first page of the demo)

ROLES = {
    "rita": "reviewer, go-to-market",
    "ravi": "reviewer, go-to-market",
    "omar": "approval owner, go-to-market",
    "wanda": "workflow owner, go-to-market",
    "sven": "system owner of both teams",
    "rhea": "risk owner of both teams",
    "mona": "manager of go-to-market",
    "aida": "auditor of go-to-market",
    "tom": "workflow owner, support",
    "ines": "approval owner and reviewer, support",
    "jonas": "reviewer, support",
    "malik": "manager of support",
    "admin": "admin",
}
IN_DUBLIN = ("tom", "ines", "jonas", "malik")


def admin() -> Person:
    """The account that sets the teams up; made when it is not there."""
    person, _ = Person.objects.get_or_create(
        username="admin",
        defaults={
            "first_name": "Admin",
            "is_superuser": True,
            "is_staff": True,
            "password": UNUSABLE_PASSWORD_PREFIX,
        },
    )
    return person


def let_in() -> None:
    """Gives everybody of the demo who has no password yet the one, hashed once, and a time zone."""
    new = Person.objects.filter(username__in=ROLES, password__startswith=UNUSABLE_PASSWORD_PREFIX)
    new.filter(username__in=IN_DUBLIN).update(time_zone="Europe/Dublin")
    new.exclude(username__in=IN_DUBLIN).update(time_zone="America/New_York")
    if new.exists():
        new.update(password=make_password(PASSWORD))


def users() -> list[dict[str, str]]:
    """Who may sign in, as `demo.json` lists them."""
    return [
        {"username": username, "password": PASSWORD, "role": role}
        for username, role in ROLES.items()
    ]
