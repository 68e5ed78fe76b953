from tests.workflow.conftest import finished, sources  # noqa: F401  (fixtures)
