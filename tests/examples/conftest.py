from tests.workflow.conftest import sources  # noqa: F401  (a fixture)
