"""The use cases: what a mind does with what arrives and what it is asked.

The engine awaits ports and calls mechanisms. It knows no vendor, no stream and no file.
"""
