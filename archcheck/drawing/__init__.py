"""Turning a graph of thousands of nodes into something a person can read."""
