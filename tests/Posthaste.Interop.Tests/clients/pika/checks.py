"""Runs every check of pika against the broker at HOST PORT."""

import harness

# Importing a module registers its checks, in this order.
import connecting  # noqa: F401
import topology  # noqa: F401
import publishing  # noqa: F401
import consuming  # noqa: F401
import delaying  # noqa: F401

harness.run_all()
