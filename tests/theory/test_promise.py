import itertools
import json
import math

import pytest

from pipeline.__main__ import main
from twin_alignment.theory.guarantee import MAX_COUNT, MAX_NUMBER, MIN_NUMBER, bound

SETTING = ("--classes", "1000", "--batch", "1024", "--temperature", "0.5", "--learning-rate", "0.1", "--steps", "100")


def bound(capsys, *arguments):
    status = main(["bound", *arguments])
    return status, capsys.readouterr()


def test_the_json_is_the_papers_formulas(capsys):
    status, output = bound(capsys, *SETTING, "--delta", "0.01", "--json")
    assert status == 0
    found = json.loads(output.out)
    epsilon = math.sqrt(math.log(100 * 1024 / 0.01) / 2048)
    share = 0.001 + epsilon
    delta = 2 * math.exp(4) * share / (1 - share)
    sharp = 2 * math.exp(4) * share / (1 - share + math.exp(4) * share)
    total, root = 10.0, math.sqrt(1024)
    x = total / (2 * 0.25 * 1024)
    expected = {
        "epsilon": epsilon,
        "delta_mismatch": delta,
        "theorem1": math.exp(x) * total * delta / (0.5 * root),
        "telescoped": 2 * 0.5 * root * delta * (math.exp(x) - 1),
        "nonexpansive": total * delta / (0.5 * root),
        "delta_mismatch_sharp": sharp,
        "nonexpansive_sharp": total * sharp / (0.5 * root),
        "theorem1_sharp": math.exp(x) * total * sharp / (0.5 * root),
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-9)
        assert found[f"{name}_log"] == pytest.approx(math.log(value), rel=1e-9)


def test_what_overflows_is_null_and_keeps_its_logarithm(capsys):
    low = [*SETTING[:4], "--temperature", "0.002", "--learning-rate", "1e-5", "--steps", "100", "--delta", "0.01"]
    found = json.loads(bound(capsys, *low, "--json")[1].out)
    assert found["theorem1"] is None
    assert found["theorem1_log"] > 900
    assert "vacuous" in bound(capsys, *low)[1].out


def test_a_rate_above_the_limit_claims_no_nonexpansive_form(capsys):
    fast = [*SETTING[:6], "--learning-rate", "2000", "--steps", "3", "--delta", "0.01"]
    found = json.loads(bound(capsys, *fast, "--json")[1].out)
    assert found["nonexpansive"] is found["nonexpansive_log"] is None
    assert found["telescoped_log"] > 0
    assert "not claimed" in bound(capsys, *fast)[1].out


def test_a_batch_that_may_be_one_class_promises_nothing(capsys):
    small = ["--classes", "2", "--batch", "4", *SETTING[4:], "--delta", "0.01"]
    found = json.loads(bound(capsys, *small, "--json")[1].out)
    assert found["theorem1"] is found["theorem1_log"] is None
    assert found["delta_mismatch_sharp"] == pytest.approx(2)
    assert found["theorem1_sharp"] > 0
    assert "infinite" in bound(capsys, *small)[1].out


def test_the_text_says_from_how_many_images_on_a_bound_says_anything():
    found = promise(classes=10, batch=1024, temperature=0.5, learning_rate=0.6, steps=48_000, delta=0.01)
    line = next(text for text in as_text(found).splitlines() if text.startswith("non-expansive  sharper"))
    fewest = int(line.split("  ")[-1].strip().replace(",", ""))
    assert fewest - 1 <= math.exp(found.nonexpansive_sharp) / math.sqrt(2) <= fewest
    assert "√2 N" in as_text(found)


@pytest.mark.parametrize("temperature", [LEAST, LARGEST])
@pytest.mark.parametrize("rate", [LEAST, LARGEST])
@pytest.mark.parametrize("delta", [LEAST, math.nextafter(1, 0)])
def test_at_the_ends_of_what_is_allowed_the_bounds_are_numbers_in_their_order(temperature, rate, delta):
    for classes, batch, steps in itertools.product([2, MOST], [2, MOST], [1, MOST]):
        found = promise(classes, batch, temperature, rate, steps, delta)
        for suffix in ("", "_sharp"):
            forms = [getattr(found, f"{name}{suffix}") for name in ("nonexpansive", "telescoped", "theorem1")]
            logs = [log for log in forms if log is not None]
            assert all(a <= b or math.isclose(a, b) for a, b in itertools.pairwise(logs))  # nan is neither
        assert found.theorem1_sharp <= found.theorem1
        assert found.delta_mismatch_sharp <= math.log(2) + 1e-9
        json.dumps(as_json(found), allow_nan=False)
        assert "Theorem 1" in as_text(found)


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("--classes", "1", "2 to 1e+15"),
        ("--batch", "1", "2 to 1e+15"),
        ("--batch", "9" * 400, "2 to 1e+15"),
        ("--temperature", "0", "1e-50 to 1e+50"),
        ("--temperature", "nan", "1e-50 to 1e+50"),
        ("--temperature", "1e-320", "1e-50 to 1e+50"),
        ("--temperature", "1e308", "1e-50 to 1e+50"),
        ("--learning-rate", "-1", "1e-50 to 1e+50"),
        ("--learning-rate", "inf", "1e-50 to 1e+50"),
        ("--steps", "0", "1 to 1e+15"),
        ("--steps", "9" * 400, "1 to 1e+15"),
        ("--delta", "1", "1e-50 to below 1"),
        ("--delta", "1e-320", "1e-50 to below 1"),
    ],
)
def test_arguments_out_of_range_are_one_clear_sentence(capsys, name, value, allowed):
    arguments = [*SETTING, "--delta", "0.01"]
    arguments[arguments.index(name) + 1] = value
    status, output = bound(capsys, *arguments)
    assert status == 2
    assert output.err.startswith(f"error: {name} = ")
    assert output.err.endswith(f"expected {allowed}\n")
