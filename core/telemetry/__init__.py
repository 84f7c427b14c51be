"""The machine at a glance: what its GPUs, its processors, its memory and its disk are doing.

Importing this package costs nothing: what talks to drivers is imported on the thread that does it.
"""
