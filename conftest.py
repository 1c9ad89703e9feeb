"""`pytest --nbval notebooks` from the root of the checkout has the project's rules always, and
tests that share a cluster stay together."""

pytest_plugins = ["tests.notebooks.nbval_shim", "tests.side_by_side"]
