"""`make bench`: what the system does in a second, each figure beside a limit measured in the same run."""
