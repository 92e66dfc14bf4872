"""Keeps websockify from loading numpy.

It would use it to unmask what viewers send, which is keys and pointer moves. Loading it takes half of the CPU time of a start, and 16 MiB
for each machine.
"""

raise ImportError("websockify does without numpy here")
