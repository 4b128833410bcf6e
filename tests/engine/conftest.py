"""The fixtures of all end to end tests."""

from tests.engine.fixtures import cloud, engine, new_stack  # noqa: F401
