"""`twin-alignment bound`, and the bounds of a setting, against the paper's formulas."""

import itertools
import json
import math

import pytest

from twin_alignment.errors import InputError
from twin_alignment.theory import bound
from twin_alignment.theory.guarantee import MAX_COUNT, MAX_NUMBER, MIN_NUMBER

SETTING = {"classes": 1000, "batch": 1024, "temperature": 0.5, "learning_rate": 0.1, "steps": 100, "delta": 0.01}


def options(**changes):
    setting = SETTING | changes
    return [word for name, value in setting.items() for word in (f"--{name.replace('_', '-')}", value)]


def test_the_json_is_the_papers_formulas(command):
    status, output, _ = command("bound", *options(), "--json")
    found = json.loads(output)
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
    assert status == 0
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-9)
        assert found[f"{name}_log"] == pytest.approx(math.log(value), rel=1e-9)


def test_what_overflows_is_null_and_keeps_its_logarithm():
    found = bound(**SETTING | {"temperature": 0.002, "learning_rate": 1e-5})
    assert found.to_dict()["theorem1"] is None
    assert found.to_dict()["theorem1_log"] > 900
    assert "vacuous" in str(found)


def test_a_rate_above_the_limit_claims_no_nonexpansive_form():
    found = bound(**SETTING | {"learning_rate": 2000, "steps": 3})
    assert found.nonexpansive is found.to_dict()["nonexpansive_log"] is None
    assert found.telescoped > 0
    assert "not claimed" in str(found)


def test_a_batch_that_may_be_one_class_promises_nothing():
    found = bound(**SETTING | {"classes": 2, "batch": 4})
    plain = json.loads(found.to_json())
    assert plain["theorem1"] is plain["theorem1_log"] is None
    assert plain["delta_mismatch_sharp"] == pytest.approx(2)
    assert plain["theorem1_sharp"] > 0
    assert "infinite" in str(found)


def test_the_text_says_from_how_many_images_on_a_bound_says_anything():
    found = bound(classes=10, batch=1024, temperature=0.5, learning_rate=0.6, steps=48_000, delta=0.01)
    line = next(text for text in str(found).splitlines() if text.startswith("non-expansive  sharper"))
    images = int(line.split("  ")[-1].strip().replace(",", ""))
    assert images - 1 <= math.exp(found.nonexpansive_sharp) / math.sqrt(2) <= images


@pytest.mark.parametrize("temperature", [MIN_NUMBER, MAX_NUMBER])
@pytest.mark.parametrize("rate", [MIN_NUMBER, MAX_NUMBER])
@pytest.mark.parametrize("delta", [MIN_NUMBER, math.nextafter(1, 0)])
def test_at_the_ends_of_the_ranges_the_bounds_are_numbers_in_their_order(temperature, rate, delta):
    for classes, batch, steps in itertools.product([2, MAX_COUNT], [2, MAX_COUNT], [1, MAX_COUNT]):
        found = bound(classes, batch, temperature, rate, steps, delta)
        for suffix in ("", "_sharp"):
            forms = [getattr(found, f"{name}{suffix}") for name in ("nonexpansive", "telescoped", "theorem1")]
            logs = [log for log in forms if log is not None]
            assert all(a <= b or math.isclose(a, b) for a, b in itertools.pairwise(logs))  # nan is neither
        assert found.theorem1_sharp <= found.theorem1
        assert found.delta_mismatch_sharp <= math.log(2) + 1e-9
        json.dumps(found.to_dict(), allow_nan=False)
        assert "Theorem 1" in str(found)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("classes", 1, "2 to 1e+15"),
        ("batch", 10**400, "2 to 1e+15"),
        ("temperature", 0.0, "1e-50 to 1e+50"),
        ("temperature", math.nan, "1e-50 to 1e+50"),
        ("learning_rate", -1.0, "1e-50 to 1e+50"),
        ("learning_rate", math.inf, "1e-50 to 1e+50"),
        ("steps", 0, "1 to 1e+15"),
        ("delta", 1.0, "1e-50 to below 1"),
    ],
)
def test_arguments_out_of_range_are_one_sentence(command, name, value, expected):
    sentence = f"{name} = {value}: expected {expected}"
    assert command("bound", *options(**{name: value})) == (2, "", f"error: {sentence}\n")
    with pytest.raises(InputError, match=f"^{name} = "):
        bound(**SETTING | {name: value})
