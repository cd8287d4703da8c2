"""Signatures: the vendor's own values, the vendor's own SDK against the stand-in's verifier, then our client."""

from __future__ import annotations

import json

import pytest
from k3cloud_webapi_sdk.main import K3CloudApiSdk

from plugins.finance_bridge.drivers.base import Misconfigured
from plugins.finance_bridge.drivers.kingdee import signing
from tests.standins import kingdee


@pytest.fixture(scope="module")
def vectors(shared_data):
    return json.loads((shared_data / "finance-vectors.json").read_text("utf-8"))["kingdee_k3cloud"]


def test_every_header_of_the_captured_requests_is_made_again(vectors):
    given = vectors["request_signing"]
    assert signing.client_part(given["app_id"]) == ("270001", given["derived_client_secret"])
    for captured in given["requests"]:
        wanted = captured["request"]
        headers = signing.signed_headers(
            wanted["path"], account_set=given["account_set_id"], user=given["user"], app_id=given["app_id"],
            app_secret=given["app_secret"], timestamp="1700000000", nonce="1700000000", org=str(given["org_num"]),
        )  # fmt: skip
        assert headers == wanted["headers"], captured["call"]
        assert signing.string_to_sign(wanted["path"], "1700000000", "1700000000") == captured["string_to_sign"]


def test_the_sign_of_a_session_login(vectors):
    given = vectors["login_by_sign"]
    inputs = given["inputs"]
    parameters = signing.login_parameters(
        inputs["acct_id"], inputs["user"], inputs["app_id"], inputs["app_secret"], int(inputs["timestamp"])
    )
    wanted = [given["sign"] if p == "<sign>" else p for p in given["positional_parameters"]]
    assert parameters == wanted


@pytest.mark.parametrize(
    "app_id", ["", "270001", "270001_short", "_" + "A" * 32, "1_" + "A" * 31 + "_", "1_" + "!" * 32]
)
def test_an_application_id_of_another_shape_is_refused(app_id):
    with pytest.raises(ValueError, match="app_id"):
        signing.client_part(app_id)


def sdk_of(books, **changes):
    sdk = K3CloudApiSdk(f"{books.url}/k3cloud/")
    given = {"acct_id": kingdee.ACCOUNT_SET, "user_name": kingdee.USER, "app_id": kingdee.APP_ID}
    given |= {"app_secret": kingdee.APP_SECRET, "server_url": f"{books.url}/k3cloud/", "org_num": 100}
    sdk.InitConfig(**given | changes)
    return sdk


def test_the_vendors_sdk_is_let_in_by_the_stand_in(books):
    model = {
        "FBillTypeID": {"FNUMBER": "YSD01_SYS"}, "FBillNo": "ZA-SDK-1", "FDATE": "2026-11-22",
        "FCUSTOMERID": {"FNumber": "CUST0001"}, "FCURRENCYID": {"FNumber": "PRE001"},
        "FSETTLEORGID": {"FNumber": "100"}, "FPAYORGID": {"FNumber": "100"},
        "FEntityDetail": [{"FCOSTID": {"FNumber": "FY01"}, "FALLAMOUNTFOR_D": "318.00"}],
    }  # fmt: skip
    sdk = sdk_of(books)
    saved = json.loads(sdk.Save("AR_receivable", {"Model": model}))
    assert saved["Result"]["ResponseStatus"]["IsSuccess"] is True
    viewed = json.loads(sdk.View("AR_receivable", {"Number": "ZA-SDK-1"}))
    assert viewed["Result"]["Result"]["FALLAMOUNTFOR"] == "318.00"
    asked = {"FormId": "AR_receivable", "FieldKeys": "FBillNo,FALLAMOUNTFOR", "FilterString": "FBillNo='ZA-SDK-1'"}
    assert json.loads(sdk.ExecuteBillQuery(asked | {"Limit": 10})) == [["ZA-SDK-1", 318.0]]
    for call in (sdk.Submit, sdk.Audit):
        assert json.loads(call("AR_receivable", {"Numbers": ["ZA-SDK-1"]}))["Result"]["ResponseStatus"]["IsSuccess"]
    again = json.loads(sdk.Save("AR_receivable", {"Model": model}))
    assert again["Result"]["ResponseStatus"]["IsSuccess"] is False


@pytest.mark.parametrize(
    "wrong", [{"app_secret": "another-secret-of-the-same-kind"}, {"acct_id": "0" * 24}, {"user_name": "nobody"}]
)
def test_the_vendors_sdk_with_a_wrong_key_is_turned_away(books, wrong):
    answer = json.loads(sdk_of(books, **wrong).View("AR_receivable", {"Number": "x"}))
    assert answer["Result"]["ResponseStatus"]["MsgCode"] == 1


def test_our_client_is_let_in_by_the_same_verifier(books):
    assert books.driver().find_by_external_key("receivable", "ZA-1") is None
    assert [entry["fault"] for entry in books.standin.log] == [None]


@pytest.mark.parametrize(
    "wrong", [{"app_secret": "another"}, {"account_set": "0" * 24}, {"user": "nobody"}, {"app_id": "x"}]
)
def test_a_wrong_key_is_told_as_a_fault_of_the_connection(books, wrong):
    with pytest.raises(Misconfigured) as told:
        books.driver(**wrong).find_by_external_key("receivable", "ZA-1")
    assert told.value.code == ("app_id" if "app_id" in wrong else "session")


def test_the_old_session_login(books):
    books.standin.require_session = True
    driver = books.driver(sign_in="session")
    assert driver.find_by_external_key("receivable", "ZA-1") is None
    books.standin.sessions.clear()
    assert driver.find_by_external_key("receivable", "ZA-1") is None, "a lost session is renewed once"
    with pytest.raises(Misconfigured):
        books.driver(sign_in="session", app_secret="another").find_by_external_key("receivable", "ZA-1")
