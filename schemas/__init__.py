"""What is said: the values that cross a process border or reach a disk.

Only msgspec and the standard library are used here. Nothing in this package
computes, waits or stores; it says what a percept, a memory, an episode, an
identity, a cue and a recollection are, and how each is written down.
"""
