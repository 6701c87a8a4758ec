"""Generators: which there are, how their weights are read, and the networks themselves.

All that loads torch comes by here, which is where torch is told how to behave; whoever told it beforehand decides.
"""

import os

# Threads that wait for torch's next layer would keep a core busy, which other layers and other textures want: on two
# cores that cost two thirds of the speed. Read when the OpenMP library is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# On Linux torch then asks for huge pages: fresh memory for activations costs a fifth of the time otherwise, in page
# faults. Read at torch's first allocation.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
