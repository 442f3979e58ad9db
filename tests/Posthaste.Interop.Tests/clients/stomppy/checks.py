"""Runs every check of stomp.py against the broker at HOST PORT."""

import harness

# Importing a module registers its checks, in this order.
import connecting  # noqa: F401
import messaging  # noqa: F401
import settling  # noqa: F401
import topology  # noqa: F401

harness.run_all()
