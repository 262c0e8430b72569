"""Every test may ask for the real servers."""

pytest_plugins = ["shared.testing.infrastructure", "shared.testing.system"]
