"""The Kingdee adapter: our neutral documents and questions by `Save`, `ExecuteBillQuery` and `QueryBusinessInfo`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from plugins.finance_bridge.drivers.base import (
    Capabilities,
    Fault,
    Finding,
    Misconfigured,
    Receivable,
    Refusal,
    Remote,
    Voucher,
)
from plugins.finance_bridge.drivers.kingdee import answers, forms
from plugins.finance_bridge.drivers.kingdee.client import Client
from plugins.finance_bridge.drivers.kingdee.queries import filter_string

PAGE = 2000
"""Rows of one query, the most that the server gives."""
AT_ONCE = 50
"""Keys in one `IN`."""


class KingdeeDriver:
    """One account book. `prefix` begins all our keys; `key_field` is `FBillNo` or an agreed extension field."""

    def __init__(self, client: Client, *, prefix: str, key_field: str = "FBillNo", audit: bool = False) -> None:
        self.client, self.prefix, self.key_field, self.audit = client, prefix, key_field, audit

    def capabilities(self) -> Capabilities:
        """Everything, as long as vouchers have an extension field for our key."""
        return Capabilities(True, True, self.key_field != "FBillNo", True, True)

    def find_by_external_key(self, mode: str, key: str) -> Remote | None:
        """The document with our key."""
        found = self._query(mode, filter_string("key", field=self.key_field, value=key))
        if len(found) > 1:
            raise Refusal(", ".join(f"{r.number} ({r.remote_id})" for r in found), "double")
        return found[0] if found else None

    def create_receivable(self, draft: Receivable) -> Remote:
        """Save an `AR_receivable`."""
        return self._save("receivable", forms.receivable(draft, self.key_field), draft)

    def create_voucher(self, draft: Voucher) -> Remote:
        """Save a `GL_VOUCHER`; raises `Misconfigured` without an extension field, for its number is the server's."""
        if self.key_field == "FBillNo":
            raise Misconfigured("a voucher needs an extension field for our key", "key_field")
        return self._save("voucher", forms.voucher(draft, self.key_field), draft)

    def _save(self, mode: str, model: dict[str, Any], draft: Receivable | Voucher) -> Remote:
        body = forms.save(forms.FORMS[mode].form, model, audit=self.audit)
        ident, number = self.client.call("Save", body, answers.saved, writes=True)
        return Remote(draft.key, ident, number, draft.total, "A")

    def payment_states(self, since: str) -> Iterator[Remote]:
        """Our receivables that changed since; an empty `since` gives all."""
        if since:
            text = filter_string("changed", since=since, field=self.key_field, prefix=self.prefix)
        else:
            text = filter_string("ours", field=self.key_field, prefix=self.prefix)
        yield from self._query("receivable", text)

    def list_documents(self, mode: str, keys: list[str]) -> list[Remote]:
        """The documents with these keys, some dozens at a time."""
        found: list[Remote] = []
        for start in range(0, len(keys), AT_ONCE):
            part = keys[start : start + AT_ONCE]
            found += self._query(mode, filter_string("keys", field=self.key_field, values=part))
        return found

    def list_ours(self, mode: str, first: date, last: date) -> list[Remote]:
        """Documents of these days whose key begins as ours do."""
        names = {"field": self.key_field, "day": forms.FORMS[mode].day, "prefix": self.prefix}
        return self._query(mode, filter_string("dated", **names, first=first.isoformat(), last=last.isoformat()))

    def _query(self, mode: str, text: str) -> list[Remote]:
        form = forms.FORMS[mode]
        names = form.keys(self.key_field)
        found: dict[str, Remote] = {}
        start = 0
        while True:
            data = {
                "FormId": form.form,
                "FieldKeys": ",".join(names),
                "FilterString": text,
                "OrderString": f"{form.ident} ASC",
                "TopRowCount": 0,
                "StartRow": start,
                "Limit": PAGE,
            }
            rows = self.client.call("ExecuteBillQuery", {"data": data}, lambda a: answers.rows(a, len(names)))
            found |= {remote.remote_id: remote for remote in map(_remote, rows)}
            if len(rows) < PAGE:
                return list(found.values())
            start += PAGE

    def reachable(self) -> None:
        """Ask for the fields of a form that every account set has. Raises `Fault`s."""
        self.client.call("QueryBusinessInfo", {"data": {"FormId": "BD_Customer"}}, field_names)

    def test(self, mode: str, codes: list[tuple[str, str]]) -> list[Finding]:
        """Ask for the form's fields, then for each code."""
        form = forms.FORMS[mode]
        try:
            known = self.client.call("QueryBusinessInfo", {"data": {"FormId": form.form}}, field_names)
        except Fault as problem:
            return [Finding(form.form, False, problem.message)]
        findings = [Finding(form.form, True)]
        findings += [Finding(f"{form.form}.{name}", name in known) for name in self._used(mode) if name not in known]
        return findings + [self._code(kind, code) for kind, code in codes]

    def _used(self, mode: str) -> list[str]:
        """Fields of the form that we fill."""
        day = date(2000, 1, 1)
        if mode == "receivable":
            return list(forms.receivable(Receivable("", day, None, "", "", "", "", "", ()), self.key_field))
        return list(forms.voucher(Voucher("", day, "", "", "", ()), self.key_field))

    def _code(self, kind: str, code: str) -> Finding:
        form = forms.BASE_FORMS[kind]
        try:
            data = {"FormId": form, "FieldKeys": "FNumber,FName", "FilterString": filter_string("code", value=code)}
            data |= {"OrderString": "FNumber ASC", "TopRowCount": 0, "StartRow": 0, "Limit": 2}
            rows = self.client.call("ExecuteBillQuery", {"data": data}, lambda a: answers.rows(a, 2))
        except (Fault, ValueError) as problem:
            return Finding(f"{form} {code}", False, str(problem))
        return Finding(f"{form} {code}", bool(rows), str(rows[0][1]) if rows else "")


def _remote(row: list[Any]) -> Remote:
    """A row in the order of `Form.keys`."""
    ident, number, key, total, state, modified, *more = row
    written_off, paid, cancelled = more if more else ("A", 0, "A")
    return Remote(
        key=str(key or ""),
        remote_id=str(ident),
        number=str(number or ""),
        total=answers.money(total),
        state=str(state or ""),
        cancelled=str(cancelled) == "B",
        payment=forms.PAYMENT.get(str(written_off), "none"),
        paid=answers.money(paid),
        modified=str(modified or ""),
    )


def field_names(answer: Any) -> set[str]:
    """All field keys that `QueryBusinessInfo` names, entries included."""
    result = answers.result_of(answer)
    found: set[str] = set()

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if isinstance(node.get("Key"), str):
                found.add(node["Key"])
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(result.get("NeedReturnData"))
    return found
