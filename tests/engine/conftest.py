"""The fixtures of all end to end tests."""

from tests.engine.fixtures import cloud, deploy, engine, here, new_stack, start  # noqa: F401
