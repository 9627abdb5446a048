"""The lint over many models: which files, in several processes, remembered, and held against a baseline."""
