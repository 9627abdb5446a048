"""Reference networks whose receptive fields are published or were measured."""
