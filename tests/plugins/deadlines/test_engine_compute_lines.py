"""`deadlines compute` on untrusted lines: a bad line is answered, and the run goes on."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.deadlines.engine import load_pack
from plugins.deadlines.engine.compute import MAX_LINE, answer, compute_line, stream

ROOT = Path(__file__).resolve().parents[3]
GOOD = {"id": "a", "rule_code": "CN.PAT.EXAM_REQUEST", "inputs": {"filing_date": "2022-10-05"}}


def error_of(raw):
    return json.loads(answer(raw))["error"]["code"]


def changed(**inputs):
    return json.dumps({**GOOD, "inputs": inputs}).encode()


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "invalid_json"),
        (b"{", "invalid_json"),
        (b"\xff\xfe", "invalid_json"),
        (b"[" * 100_000, "invalid_json"),
        (b'{"id": NaN}', "invalid_json"),
        (b"9" * 5000, "invalid_json"),
        (b"[]", "not_an_object"),
        (b"null", "not_an_object"),
        (b'"\\u0000"', "not_an_object"),
        (b'{"id": 1}', "unknown_rule"),
        (b'{"id": 1, "rule_code": ["x"]}', "unknown_rule"),
        (b'{"id": 1, "rule_code": "CN.PAT.NOPE\\u0000", "inputs": {}}', "unknown_rule"),
        (b'{"id": 1, "rule_code": "CN.PAT.EXAM_REQUEST"}', "invalid_input"),
        (changed(), "missing_input"),
        (changed(filing_date="2022-02-30"), "invalid_date"),
        (changed(filing_date="20221005"), "invalid_date"),
        (changed(filing_date="２０２２-10-05"), "invalid_date"),
        (changed(filing_date="2022-10-05\u0000"), "invalid_date"),
        (changed(filing_date=20221005), "invalid_date"),
        (changed(filing_date=True), "invalid_date"),
        (changed(filing_date="9999-12-31"), "out_of_range"),
        (changed(priority_dates=[{}], filing_date="2022-10-05"), "invalid_date"),
        (changed(priority_dates={"a": 1}), "invalid_date"),
    ],
)
def test_a_bad_line_is_refused_with_a_code(raw, code):
    assert error_of(raw) == code


@pytest.mark.parametrize("year", [0, -1, 10**30, 1.5, "5", True, None])
def test_an_annuity_year_that_is_none_is_refused(year):
    inputs = {"filing_date": "2020-01-01", "annuity_year": year, "right_kind": "invention"}
    assert "error" in compute_line({"id": 1, "rule_code": "CN.PAT.ANNUITY", "inputs": inputs})


@pytest.mark.parametrize("delivery", ["pigeon", 5, ["post"], {"a": 1}])
def test_an_unknown_delivery_is_refused(delivery):
    line = {
        "id": 1,
        "rule_code": "CN.TM.REFUSAL_REVIEW",
        "inputs": {"dispatch_date": "2026-01-16", "delivery": delivery},
    }
    assert compute_line(line)["error"]["code"] == "invalid_input"


def test_a_rule_that_the_law_replaced_names_its_successor():
    line = {"id": 1, "rule_code": "CN.TM.OPPOSITION_2019", "inputs": {"publication_date": "2027-01-06"}}
    refused = compute_line(line)["error"]
    assert refused["code"] == "not_in_force"
    assert "CN.TM.OPPOSITION_2027" in refused["message"]


def test_the_id_comes_back_as_it_was():
    for identity in ("G1", 17, 2**70, None, ["x"], {"a": "\ud800"}):
        raw = json.dumps({**GOOD, "id": identity}).encode()
        assert json.loads(answer(raw))["id"] == identity


def test_one_line_out_for_each_line_in_and_in_order():
    lines = [
        json.dumps({**GOOD, "id": 1}).encode(),
        b"nonsense",
        b" " * (MAX_LINE + 10),
        json.dumps({**GOOD, "id": 4}).encode(),
    ]
    out = io.BytesIO()
    stream(io.BytesIO(b"\n".join(lines)), out)
    rows = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [row["id"] for row in rows] == [1, None, None, 4]
    assert [row.get("error", {}).get("code") for row in rows] == [None, "invalid_json", "line_too_long", None]


def test_a_result_has_the_agreed_shape():
    found = compute_line(GOOD)
    assert set(found) == {"id", "base", "nominal", "due", "safe_due", "calendar", "provisional", "trace"}
    assert found["due"] == "2025-10-09"
    assert all(set(step) == {"step", "date", "source"} for step in found["trace"])
    assert "National Day" in str(found["trace"]) or "国庆" in str(found["trace"])


def test_a_gate_has_no_day_but_an_explanation():
    found = compute_line({"id": 1, "rule_code": "CN.PAT.SECRECY_REVIEW", "inputs": {}})
    assert found["due"] is None
    assert found["trace"]


def test_the_engine_runs_as_a_program_without_the_rest_of_the_product():
    code = (
        "import sys; from plugins.deadlines.engine.compute import main; main(); "
        "assert not {'flask', 'sqlalchemy', 'yaml'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=json.dumps(GOOD).encode(), capture_output=True, cwd=ROOT, check=True
    )
    assert json.loads(done.stdout)["due"] == "2025-10-09"


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["2024-02-29", "9999-12-31", "0001-01-01"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KEYS = sorted(
    {key for spec in load_pack().bases.values() for key in (*spec.get("keys", ()), *spec.get("earliest", ()))}
    | {"annuity_year", "right_kind", "extension_months", "original_period_months", "fee_reduction_pct", "payment_date"}
    | {"delivery", "dispatch_date", "acceptance_notice", "printed_period", "period_months", "period", "cycle"}
    | {"foreign_party", "own_motion", "refusal_period_months", "term_compensation_days"}
)


@given(st.sampled_from(sorted(load_pack().rules)), st.dictionaries(st.sampled_from(KEYS), JUNK, max_size=8))
@settings(max_examples=1500, deadline=None)
def test_whatever_stands_in_a_line_is_answered_by_dates_or_by_an_error(code, inputs):
    found = compute_line({"id": 1, "rule_code": code, "inputs": inputs})
    assert ("error" in found) != ("due" in found)
    if "error" in found:
        assert found["error"]["code"] in CODES
    json.dumps(found)


@pytest.mark.parametrize(
    ("code", "inputs"),
    [
        ("CN.PAT.PRIORITY_ASSIGNMENT_PROOF", {"priority_date": "2025-01-10", "right_kind": ["design"]}),
        ("CN.TM.REFUSAL_REVIEW", {"service_date": "2026-01-16", "delivery": [1]}),
        ("CN.PAT.EXAM_REQUEST", {"filing_date": "2022-10-05", "cycle": "x"}),
        ("CN.PAT.EXAM_REQUEST", {"filing_date": "2022-10-05", "cycle": 10**9}),
        ("CN.PAT.OA1_REPLY", {"dispatch_date": "2022-10-05", "extension_months": True}),
        ("CN.PAT.OA1_REPLY", {"dispatch_date": "2022-10-05", "printed_period": [2, "month"]}),
        ("CN.PAT.OA1_REPLY", {"dispatch_date": "2022-10-05", "period_months": 10**9}),
        ("CN.PAT.APPLICATION_FEE", {"acceptance_notice": {"dispatch_date": "2022-10-05", "delivery": {}}}),
        ("CN.PAT.APPLICATION_FEE", {"acceptance_notice": "2022-10-05"}),
        (
            "CN.PAT.ANNUITY",
            {"filing_date": "2020-01-01", "annuity_year": 3, "right_kind": {}, "fee_reduction_pct": "x"},
        ),
    ],
)
def test_odd_shapes_are_answered(code, inputs):
    found = compute_line({"id": 1, "rule_code": code, "inputs": inputs})
    assert ("error" in found) != ("due" in found)


CODES = {"invalid_input", "missing_input", "invalid_date", "not_in_force", "out_of_range"}
