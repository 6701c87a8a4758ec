"""Settings that all tests share."""

import os
import tempfile

import torch
from hypothesis import settings

# Machines that run tests are shared and slow at times: a time limit on an example would test them, not the code.
settings.register_profile("default", deadline=None)
settings.load_profile("default")

# Tests of plugins, which run within their hosts: `python -m tests.hosts`.
collect_ignore = ["hosts"]

# The networks of tests are tiny, and tests run side by side: threads would only wait for each other.
torch.set_num_threads(1)

# What tests run says nothing of this machine's speed.
os.environ["CG_UPSCALER_SPEEDS"] = ""

# Nor do they see the models that whoever runs them has.
os.environ["CG_UPSCALE_MODELS"] = os.path.join(tempfile.gettempdir(), "cg-upscale-tests-have-no-models")
