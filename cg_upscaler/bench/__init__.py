"""Floor 4: measures this engine beside others, on the same weights, the same pictures and the same machine."""
