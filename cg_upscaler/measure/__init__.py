"""Floor 2: what a result came to, in figures: pure functions on pictures, a measure a file.

Pictures are float32 (h, w, c) as `codecs` gives them; `subject` says what their channels mean, and `figures` takes all
measures that make sense for that.
"""
