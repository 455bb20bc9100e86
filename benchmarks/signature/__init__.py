"""Signatures: known effects of human memory, each played through the engine as its users get it.

Each module feeds percepts of its own making, asks, and checks the sign and the shape of what comes back.
Materials are words that mean nothing and vectors given with them: no model is needed.
"""
