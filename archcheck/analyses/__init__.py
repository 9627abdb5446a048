"""Folds over the effects of a network's nodes; none of them knows an operator by name."""
