"""Generators: which there are, how their weights are read, and the networks themselves."""
