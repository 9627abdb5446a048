"""Charts of a report: the series that they show, and how matplotlib draws them."""
