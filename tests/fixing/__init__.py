"""Models mended, and held against what they were."""
