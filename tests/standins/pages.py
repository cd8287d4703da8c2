# ruff: noqa: E501 - markup
"""The pages of the messengers' stand-ins: an office with its phones, one phone, and the console."""

STYLE = """<!doctype html><html lang="zh"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>{{ title }}</title><style>body{font:15px/1.6 system-ui,sans-serif;margin:24px auto;max-width:1100px;padding:0 16px;background:#f4f5f7;color:#1d2129}
h1{font-size:20px}h2{font-size:16px;margin:24px 0 8px}a{color:#1664ff;text-decoration:none}.people{display:flex;flex-wrap:wrap;gap:8px}
.people a{background:#fff;border-radius:10px;padding:8px 14px;border:1px solid #e5e6eb}.people b{color:#f53f3f}
.phone{max-width:390px;margin:0 auto;background:#ededed;border-radius:28px;padding:20px 14px 28px;border:1px solid #ccc;min-height:640px}
.top{display:flex;justify-content:space-between;font-size:13px;color:#555;margin-bottom:12px}.card{background:#fff;border-radius:10px;padding:12px 14px;margin:10px 0}
.card h3{margin:0 0 4px;font-size:15px}.card p{margin:2px 0;font-size:13px;color:#444;white-space:pre-line}.card .at{color:#999;font-size:12px}
dl{display:grid;grid-template-columns:auto 1fr;gap:0 12px;font-size:13px;margin:6px 0}dt{color:#888}dd{margin:0}
button{font:inherit;border:1px solid #d0d3d9;background:#fff;border-radius:8px;padding:6px 14px;cursor:pointer}button.go{background:#1664ff;border-color:#1664ff;color:#fff}
.row{display:flex;gap:8px;margin-top:8px}.row button{flex:1}.said{background:#f2f3f5;border-radius:8px;padding:6px 10px;text-align:center;color:#666;margin-top:8px}
table{border-collapse:collapse;width:100%;background:#fff}td,th{border-bottom:1px solid #eee;padding:4px 8px;text-align:left;font-size:13px}
input,select{font:inherit;padding:4px 8px;border:1px solid #ccc;border-radius:6px;max-width:100%}label{display:block;font-size:13px;color:#555;margin-top:6px}
code{background:#eee;padding:0 4px}</style>"""

OFFICE = (
    STYLE
    + """<h1>{{ title }}</h1><p>{{ about }}</p><h2>手机 · phones</h2><div class="people">{% for id, name in people.items() %}
<a href="/phone/{{ id }}">{{ name }} <code>{{ id }}</code>{% if counts.get(id) %} <b>{{ counts[id] }}</b>{% endif %}</a>{% endfor %}</div>
{% if group %}<h2>群 · group</h2>{% for g in group[-5:]|reverse %}<div class="card"><p>{{ g }}</p></div>{% endfor %}{% endif %}
<h2>管理后台 · console</h2><form method="post" action="/-/console">{% for key, label, value in console %}<label>{{ label }}<br><input name="{{ key }}" value="{{ value }}" size="60"></label>{% endfor %}
<p><button class="go">保存 save</button> {{ said }}</p></form>
<h2>故障 · misbehaviour</h2><form method="post" action="/-/misbehave"><select name="kind">{% for k in kinds %}<option>{{ k }}{% endfor %}</select>
 <input name="path" placeholder="path contains"> <input name="times" value="1" size="3"> <button>下一次 order</button></form>
<ul>{% for o in orders %}<li>{{ o.kind }} {{ o.path }} × {{ o.times }}{% endfor %}</ul>
<h2>记录 · journal</h2><table>{% for l in journal[-40:]|reverse %}<tr><td>{{ l.at }}<td>{{ l.what }}<td>{% for k, v in l.items() if k not in ("at", "what") %}{{ k }}={{ v }} {% endfor %}{% endfor %}</table></html>"""
)

PHONE = (
    STYLE
    + """<meta http-equiv="refresh" content="5"><div class="phone"><div class="top"><span><a href="/">‹ {{ title }}</a></span><span>{{ name }}</span></div>
{% for m in messages|reverse %}<div class="card" id="m{{ m.id }}"><h3>{{ m.title }}</h3>{% if m.text %}<p>{{ m.text }}</p>{% endif %}
{% if m.facts %}<dl>{% for k, v in m.facts %}<dt>{{ k }}</dt><dd>{{ v }}</dd>{% endfor %}</dl>{% endif %}
{% if m.said %}<div class="said">{{ m.said }}</div>{% elif m.buttons %}<form method="post" action="/phone/{{ id }}/click"><input type="hidden" name="message" value="{{ m.id }}">
{% if m.reasons %}<label>{{ m.reason_title }}<br><select name="reason">{% for code, text in m.reasons %}<option value="{{ code }}">{{ text }}{% endfor %}</select></label>{% endif %}
<div class="row">{% for text, key, main in m.buttons %}<button name="key" value="{{ key }}"{% if main %} class="go"{% endif %}>{{ text }}</button>{% endfor %}</div></form>{% endif %}
{% if m.url %}<p><a href="{{ m.url }}">打开页面 ›</a></p>{% endif %}<p class="at">{{ m.at }}{% if m.note %} · {{ m.note }}{% endif %}</p></div>{% else %}<p class="at">还没有消息</p>{% endfor %}</div></html>"""
)
