# ruff: noqa: E501 - markup
"""The page of the Kingdee stand-in: what arrived, and buttons for people."""

PAGE = """<!doctype html><html lang="zh"><meta charset="utf-8"><title>Kingdee stand-in</title>
<style>body{font:14px/1.6 sans-serif;margin:24px;max-width:1100px}table{border-collapse:collapse;width:100%}
td,th{border-bottom:1px solid #ddd;padding:4px 8px;text-align:left}td form{display:inline}input[name=amount]{width:90px}
code{background:#f4f4f4;padding:0 4px}</style>
<h1>金蝶 K3Cloud 替身 · Kingdee stand-in</h1>
<p>账套 <code>{{ s.ACCOUNT_SET }}</code> 用户 <code>{{ s.USER }}</code> 应用 <code>{{ s.APP_ID }}</code></p>
{% for form, docs in standin.documents.items() %}<h2>{{ form }} ({{ docs|length }})</h2>
<table><tr><th>FID<th>FBillNo<th>客户<th>金额<th>状态<th>核销<th>已收<th></tr>
{% for d in docs.values()|sort(attribute="FID", reverse=true) %}<tr><td>{{ d.FID }}<td>{{ d.FBillNo }} {{ d.F_ZA_KEY or "" }}
<td>{{ (d.FCUSTOMERID or {}).FNumber or "" }}<td>{{ d.FALLAMOUNTFOR }}<td>{{ d.FDocumentStatus }}<td>{{ d.FWRITTENOFFSTATUS }}
<td>{{ d.FRelateHadPayAmount }}<td>
<form method="post" action="/-/audit/{{ form }}/{{ d.FID }}"><button>审核 audit</button></form>
{% if form == "AR_receivable" %}<form method="post" action="/-/pay/{{ d.FID }}"><input name="amount" value="{{ d.FALLAMOUNTFOR }}">
<button>已收 received</button></form><form method="post" action="/-/pay/{{ d.FID }}"><input type="hidden" name="amount" value="0">
<button>反核销 reverse</button></form>{% endif %}{% endfor %}</table>{% else %}<p>还没有单据 · no documents yet</p>{% endfor %}
<h2>故障 · misbehaviour</h2><form method="post" action="/-/misbehave"><select name="kind">{% for k in s.KINDS %}<option>{{ k }}{% endfor %}
</select> <input name="service" value="Save"> <input name="times" value="1" size="3"> <button>下一次 order</button></form>
<ul>{% for o in standin.orders %}<li>{{ o.kind }} · {{ o.service }} × {{ o.times }}{% endfor %}</ul>
<h2>请求 · requests</h2><table>{% for l in standin.log[-30:]|reverse %}<tr><td>{{ l.at }}<td>{{ l.service }}<td>{{ l.form }}<td>{{ l.spoilt or "" }}
<td>{{ l.fault or "" }}{% endfor %}</table><form method="post" action="/-/reset"><button>清空 reset</button></form></html>"""
