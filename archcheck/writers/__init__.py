"""Writers: from what is known of a network to a file that says it, one module a format."""
