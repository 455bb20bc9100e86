"""How it arrives: Redis Streams as ordered, at-least-once delivery in partitions.

Knows no cognition. Works on Redis >= 7.0, on Valkey >= 7.2, and on a private Valkey
that it starts itself (`streams.embedded`). One server answers for all partitions.
"""
