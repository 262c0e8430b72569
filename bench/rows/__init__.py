"""One module a part of the benchmark: `ROWS`, and `measure(stage)` that returns their figures."""
