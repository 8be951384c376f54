"""Every setting of the installation, read from the environment (docs/configuration.md)."""

from pathlib import Path
from urllib.parse import urlsplit

import structlog
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from reviewqueue import environment

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = environment.flag("DEBUG", False)
DEMO = environment.flag("DEMO", False)
SECRET_KEY = environment.text("SECRET_KEY", "only-for-development" if DEBUG or DEMO else None)
ALLOWED_HOSTS = environment.words("ALLOWED_HOSTS", "127.0.0.1,localhost")
CSRF_TRUSTED_ORIGINS = environment.words("CSRF_TRUSTED_ORIGINS")
PUBLIC_URL = environment.text("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
TRACE_URL = environment.text("TRACE_URL", "")
HTTPS = environment.flag("HTTPS", PUBLIC_URL.startswith("https://"))

if not HTTPS and not PUBLIC_URL.startswith("http://"):
    raise ImproperlyConfigured("PUBLIC_URL must begin with http:// or https://.")
if TRACE_URL and not (TRACE_URL.startswith(("http://", "https://")) and "{trace_id}" in TRACE_URL):
    raise ImproperlyConfigured("TRACE_URL must be an http(s):// address with {trace_id} in it.")

INSTALLED_APPS = [
    "ledger",
    "agents_registry",
    "approvals",
    "oversight",
    "reviewqueue",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "csp",
    "django_htmx",
    "django_structlog",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
    "template_partials",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "agents_registry.reader_zone.reader_zone",
    "django_htmx.middleware.HtmxMiddleware",
    "approvals.views.missing.MissingIsNotFound",
    "approvals.views.forms_only.FormsAreExplained",
]

ROOT_URLCONF = "reviewqueue.urls"
WSGI_APPLICATION = "reviewqueue.wsgi.application"
ASGI_APPLICATION = "reviewqueue.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "oversight.shell.shell",
            ],
        },
    }
]

DATABASES = {
    "default": {
        **environment.database("DATABASE_URL", "postgresql:///reviewqueue"),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
}
DATABASE_URL = environment.text("DATABASE_URL", "postgresql:///reviewqueue")
DATABASE_DIRECT_URL = environment.text("DATABASE_DIRECT_URL", DATABASE_URL)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = environment.text("REDIS_URL", "redis://127.0.0.1:6379/0")

AUTH_USER_MODEL = "agents_registry.Person"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "inbox"
LOGOUT_REDIRECT_URL = "login"
REAUTHENTICATE_MINUTES = environment.number("REAUTHENTICATE_MINUTES", 15)

MAIL = environment.email("EMAIL_URL")
EMAIL_HOST, EMAIL_PORT = MAIL["EMAIL_HOST"], MAIL["EMAIL_PORT"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = MAIL["EMAIL_HOST_USER"], MAIL["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS, EMAIL_USE_SSL = MAIL["EMAIL_USE_TLS"], MAIL["EMAIL_USE_SSL"]
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = environment.text(
    "EMAIL_FROM", f"review-queue@{urlsplit(PUBLIC_URL).hostname or 'localhost'}"
)

CHAT_HOSTS = [host.lower() for host in environment.words("CHAT_HOSTS")]
ALLOW_PRIVATE_ADDRESSES = environment.flag("ALLOW_PRIVATE_ADDRESSES", False)

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

STATIC_URL = "static/"
STATIC_ROOT = environment.text("STATIC_ROOT", "") or None
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["agents_registry.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["agents_registry.authentication.HasScope"],
    "DEFAULT_PARSER_CLASSES": ["approvals.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["approvals.api.renderers.JSONRenderer"],
    "DEFAULT_THROTTLE_CLASSES": ["approvals.api.throttling.AgentThrottle"],
    "DEFAULT_SCHEMA_CLASS": "approvals.api.schema.ProblemAwareSchema",
    "EXCEPTION_HANDLER": "approvals.api.problems.exception_handler",
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "approvals.api.renderers.OnlyJSON",
    "UNAUTHENTICATED_USER": None,
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Review Queue",
    "DESCRIPTION": "What an agent may do, asked one action at a time.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [],
}
API_RATE_PER_MINUTE = environment.number("API_RATE_PER_MINUTE", 6000)

DUE_PER_MINUTE = environment.number("DUE_PER_MINUTE", 20)
METRICS_TOKEN = environment.text("METRICS_TOKEN", "")
SWEEP_SECONDS = environment.number("SWEEP_SECONDS", 5)
TRIAL_SECONDS = 2
DELIVER_SECONDS = 2
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 60, "socket_keepalive": True}
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE = {
    "deliver": {"task": "approvals.tasks.deliver", "schedule": DELIVER_SECONDS},
    "sweep": {"task": "approvals.tasks.sweep", "schedule": SWEEP_SECONDS},
    "trials": {"task": "approvals.tasks.try_policies", "schedule": TRIAL_SECONDS},
}

LOG_LEVEL = environment.text("LOG_LEVEL", "INFO")
LINE: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.TimeStamper(fmt="iso"),
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.format_exc_info,
]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "lines": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": LINE,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(default=str),
            ],
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "lines"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {"django": {"handlers": [], "level": LOG_LEVEL}},
}
structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        *LINE,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
