import pytest

from twin_alignment.cli import main


@pytest.fixture
def command(capsys):
    """Run `twin-alignment` in this process; its exit status, output and errors."""

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        output = capsys.readouterr()
        return ended.value.code, output.out, output.err

    return run
