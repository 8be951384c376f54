"""`python -m review_queue` is the command `rq`."""

from review_queue.command_line import run

run()
