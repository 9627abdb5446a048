"""The tests of archcheck."""
