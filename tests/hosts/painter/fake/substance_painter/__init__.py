"""What the plugin needs of Painter, for tests. `mypy.stubtest` holds it to the public stubs (test_fake.py).

What tests read of it begins with an underscore: Painter has none of that.
"""

from . import event as event
from . import export as export
from . import logging as logging
from . import project as project
from . import resource as resource
from . import ui as ui
