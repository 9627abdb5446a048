"""What ``archcheck check`` writes, format by format."""
