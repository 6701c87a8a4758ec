"""Floor 5: trains generators of the ESRGAN family on one's own textures: data, degradations, losses, loop, validation.

A training is a function of its configuration, its library and its seed: each step draws its pieces from a generator
that is seeded by the step's number, so that one which was killed goes on as though it had not been.
"""
