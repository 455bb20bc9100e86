"""What `benchmarks.speed` is made of: each module times one thing of ours and its bare part."""
