"""The worked examples: those of the pack always, the shared golden file where it lies beside the project."""

import json
from pathlib import Path

import pytest

from plugins.deadlines.engine import compute_line, load_pack
from plugins.deadlines.engine.build import holiday_data
from plugins.deadlines.engine.calendars import DATA
from plugins.deadlines.engine.packs import compile_pack, pack_data
from plugins.deadlines.engine.words import BASES

GOLDEN = Path(__file__).resolve().parents[4] / "shared" / "data" / "golden-deadlines.jsonl"


def golden_lines():
    if not GOLDEN.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason="../shared/data is not beside the project"))]
    lines = [json.loads(line) for line in GOLDEN.read_text("utf-8").splitlines()]
    return [pytest.param(line, id=line["id"]) for line in lines]


def differences(line, expected):
    found = compute_line(line)
    return {key: (want, found.get(key)) for key, want in expected.items() if found.get(key) != want}


@pytest.mark.parametrize("line", golden_lines())
def test_golden_example_comes_out_exactly(line):
    expected = {key.removeprefix("expected_"): value for key, value in line.items() if key.startswith("expected_")}
    wrong = differences(line, {**expected, "calendar": line["calendar"]})
    if wrong and not line["blocking"]:
        pytest.xfail(f"not blocking: {wrong}")
    assert not wrong


@pytest.mark.parametrize("example", load_pack().examples, ids=lambda example: example["id"])
def test_example_of_the_pack_comes_out_exactly(example):
    assert not differences(example, example["expected"])


def test_compiled_data_are_those_of_their_sources():
    assert pack_data() == json.loads(json.dumps(compile_pack()))
    assert json.loads((DATA / "holidays.json").read_text("utf-8")) == holiday_data()


def test_every_rule_of_the_table_is_in_the_pack_and_computes():
    import yaml

    table = yaml.safe_load((DATA / "cn-rules.yaml").read_text("utf-8"))
    pack = load_pack()
    assert {row["code"] for row in table["rules"]} <= set(pack.rules)
    every_input = {key: "2026-03-02" for spec in pack.bases.values() for key in spec.get("keys", ())}
    names = {row["base"]: "2026-03-02" for row in table["rules"]}
    figures = {
        "annuity_year": 5, "right_kind": "design", "extension_months": 1, "original_period_months": 4,
        "period_months": 2, "dispatch_date": "2026-03-02", "priority_dates": ["2026-03-02"],
        "payment_date": "2030-04-02",
    }  # fmt: skip
    for code in pack.rules:
        inputs = {**names, **every_input, **figures}
        if "2027" in code:
            inputs |= dict.fromkeys((*every_input, *names), "2027-03-02")
        found = compute_line({"id": code, "rule_code": code, "inputs": inputs})
        assert "error" not in found, (code, found)
        assert found["due"] >= found["safe_due"], code
        assert found["trace"], code


def test_every_base_of_the_table_has_words_in_both_languages():
    pack = load_pack()
    named = {limb.get("base", rule.base) for rule in pack.rules.values() for limb in rule.how.get("limbs", ())}
    named |= {
        item["base"] for rule in pack.rules.values() for item in (rule.combine or {}).get("items", ()) if "base" in item
    }
    named |= {rule.base for rule in pack.rules.values()} - {"max_of", "min_of"}
    assert named <= set(BASES)
