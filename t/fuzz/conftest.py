"""Fuzzing needs no NGINX and no server, and keeps to its own deadlines."""
import pytest


@pytest.fixture(scope="session", autouse=True)
def built():
    """In place of the one that wants the module; test_fuzz.py says where targets are missing."""


@pytest.fixture(autouse=True)
def deadline():
    """In place of the one for tests that wait; a run ends itself."""
