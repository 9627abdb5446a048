"""A catalogue of many models: which, a row each, kept in a journal, and written as one table."""
