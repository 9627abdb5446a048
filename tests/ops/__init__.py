"""One test module an operator family: a table of rows, each run through archcheck and through an outside
oracle."""
