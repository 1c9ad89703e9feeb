"""`pytest --nbval notebooks` from the root of the checkout has the project's rules always."""

pytest_plugins = ["tests.notebooks.nbval_shim"]
