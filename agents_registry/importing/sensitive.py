"""PURE: whether what a tool reads is nobody's business without a person who says so."""

import re
from itertools import pairwise

from agents_registry.importing import names, words

_ALWAYS = words.table("""
    password passwords passwd passphrase passphrases secret secrets credential credentials ssn
    passport passports payroll payrolls payslip payslips paystub paystubs salary salaries wage
    wages medical patient patients diagnosis diagnoses prescription prescriptions medication
    medications allergies immunizations vitals ehr emr fhir clinical_note therapy psychiatric
    biometric biometrics fingerprint fingerprints otp totp cookies cookie env dotenv printenv
    vault keychain kubeconfig apikey apikeys osint dossier cvv wiretap criminal felony dm dms
    contraseña mot_de_passe passwort senha gehalt salaire
""")
_TOGETHER = (
    ("api access private signing encryption secret ssh license service_account", "key keys"),
    (
        "private direct personal confidential",
        "message messages chat chats conversation conversations note notes",
    ),
    (
        "health",
        "record records data history condition conditions insurance profile claim claims summary",
    ),
    ("lab blood genetic dna", "result results test tests panel sample samples"),
    (
        "background credit reference drug",
        "check checks report reports score scores history rating screening",
    ),
    ("verification recovery backup auth mfa auth login 2fa one_time", "code codes"),
    ("access auth refresh bearer session id api oauth security personal", "token tokens"),
    ("bank", "account accounts details"),
    ("social national tax", "security id number identifier return returns"),
    ("environment env", "variable variables vars"),
    ("card account routing", "number numbers"),
    ("performance disciplinary", "review reviews record records action actions"),
    ("employee staff", "compensation compensations pay bonus"),
)
_PAIRS = frozenset(
    (one, other) for ones, others in _TOGETHER for one in ones.split() for other in others.split()
)
_COUNTED = words.table("""
    count counts price prices usage balance supply limit limits market settings allowlist scopes
""")
_SENTENCES = re.compile(r"(?<=[.!?])\s+|\n+")
_TELLS = re.compile(
    r"\W*(this tool |it )?(get|retriev|return|read|fetch|list|show|find|search|look|display|view"
    r"|includ|contain|check|reveal|expos|dump|run|perform)",
    re.I,
)
_DENIED = words.table("no not without excluding except never redacted masked hidden omits")


def sensitive(name: list[str], title: str, description: str) -> str:
    """What about it is, in a word or two; empty where nothing is."""
    if not {"token", "tokens"}.isdisjoint(name) and _COUNTED.isdisjoint(name):
        return "token"
    told = [part for part in _SENTENCES.split(description) if _TELLS.match(part)]
    texts = [name, names.split(title), *map(names.split, told)]
    return next((found for text in texts if (found := _found(text))), "")


def _found(text: list[str]) -> str:
    if _DENIED.intersection(text):
        return ""
    alone = next((word for word in text if word in _ALWAYS), "")
    pairs = pairwise(text)
    return alone or next((" ".join(pair) for pair in pairs if pair in _PAIRS), "")
