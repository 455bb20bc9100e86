"""What a plan needs before anyone buys machines: pure sums over constants that say where they are from."""
