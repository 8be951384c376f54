"""The WSGI entry: every page and the whole API, for a server of threads."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reviewqueue.settings")

application = get_wsgi_application()
