"""The contracts between the engine and everything that awaits: stores, embedder, clock, sink."""
