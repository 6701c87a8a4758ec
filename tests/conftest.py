"""Settings that all tests share."""

from hypothesis import settings

# Machines that run tests are shared and slow at times: a time limit on an example would test them, not the code.
settings.register_profile("default", deadline=None)
settings.load_profile("default")
