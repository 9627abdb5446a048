"""Tests that throw damaged files at the readers."""
