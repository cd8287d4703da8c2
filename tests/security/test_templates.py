"""Eighty ways out of a letter's template, of a flow's condition and of its texts; and what would eat the machine."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from plugins.documents.press.plain import encode
from plugins.documents.printing import Press, Unprintable
from plugins.workflow.flow import OPERATORS, holds
from plugins.workflow.flow.fill import fill, places
from plugins.workflow.values import has_path, value_of
from tests.plugins.documents.conftest import text_of

WORDS = ("Popen", "<class", "<function", "<module", "root:", "PATH=", "SECRET", "builtins", "<bound", "0x7f")
"""What would stand on the paper if a way were open."""
CLASSES = "__class__.__mro__[1].__subclasses__()"
ESCAPES = (
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ().__class__.__bases__[0].__subclasses__() }}",
    "{{ [].__class__.__base__ }}",
    "{{ {}.__class__.__base__.__subclasses__()[59] }}",
    "{{ ''['__class__']['__mro__'] }}",
    "{{ ''['__cla' + 'ss__'] }}",
    "{{ a['__class__'] }}",
    "{{ a.__class__ }}",
    "{{ a.__init__.__globals__ }}",
    "{{ a.items }}",
    "{{ a.items() }}",
    "{{ a.keys().__class__ }}",
    "{{ a.get('b').__class__ }}",
    "{{ a.pop('b') }}",
    "{{ a.update({'b': 2}) }}",
    "{{ l.append(1) }}",
    "{{ l.__iter__().__next__ }}",
    "{{ d.strftime('%s') }}",
    "{{ d.__reduce__() }}",
    "{{ m.as_tuple() }}",
    "{{ n.real.__class__ }}",
    "{{ request }}{{ request.environ }}",
    "{{ config.items() }}",
    "{{ g.session_token }}",
    "{{ session }}",
    "{{ url_for.__globals__ }}",
    "{{ get_flashed_messages.__globals__ }}",
    "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ joiner.__init__.__globals__ }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ dict.__base__ }}",
    "{{ range.__class__ }}",
    "{{ range.__self__ }}",
    "{{ self }}",
    "{{ self.__dict__ }}",
    "{{ self._TemplateReference__context.environment }}",
    "{{ self._TemplateReference__context.eval_ctx }}",
    "{{ caller.__globals__ }}",
    "{% macro x() %}{% endmacro %}{{ x.__globals__ }}",
    "{% macro x() %}{% endmacro %}{{ x._func.__globals__ }}",
    "{% macro x() %}{{ varargs.__class__ }}{{ kwargs.__class__ }}{% endmacro %}{{ x(1) }}",
    "{% for i in l %}{{ loop.__class__ }}{% endfor %}",
    "{% for i in l %}{{ loop._iterator.gi_frame }}{% endfor %}",
    "{% set x = ''.__class__ %}{{ x }}",
    "{% block b %}{{ self.b.__globals__ }}{% endblock %}",
    "{{ '{0.__class__}'.format('') }}",
    "{{ '{a.__class__}'.format_map({'a': ''}) }}",
    "{{ '%s' % a.__class__ }}",
    "{{ 'a' | attr('__class__') }}",
    "{{ l | map(attribute='__class__') | list }}",
    "{{ l | map('attr', '__class__') | list }}",
    "{{ l | selectattr('__class__') | list }}",
    "{{ l | sort(attribute='__class__') }}",
    "{{ l | groupby('__class__') }}",
    "{{ l | sum(attribute='__class__') }}",
    "{{ a | tojson }}{{ a | pprint }}{{ a | xmlattr }}",
    "{{ '<b>' | safe }}{{ x | forceescape }}",
    "{{ x | required(x.__class__) }}",
    "{% include '../../../../etc/passwd' %}",
    "{% import 'os' as os %}{{ os.environ }}",
    "{% extends a %}",
    "{% from 'letter' import __builtins__ %}",
    "{% debug %}",
    "{% do l.append(1) %}",
)
BOMBS = (
    "{{ 'a' * 10 ** 9 }}",
    "{{ 10 ** 10 ** 10 }}",
    "{% for i in range(9999) %}{% for j in range(9999) %}x{% endfor %}{% endfor %}",
    "{% set s = 'a' | replace('a', 'a' ~ 'a' ~ 'a') %}" + "{% set s = s | replace('a', s) %}" * 9 + "{{ s | length }}",
    "{% macro m(n) %}{{ m(n + 1) }}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}",
)
DATA = {"a": {"b": 1, "items": "own"}, "l": [1, 2], "x": "<i>", "n": 1}
CONDITIONS = (
    {"field": "__class__.__name__", "op": "eq", "value": "Case"},
    {"field": "metadata.tables", "op": "filled"},
    {"field": "client.__dict__", "op": "filled"},
    {"field": "agent.password_hash", "op": "contains", "value": "argon2"},
    {"field": "client.owner.password_hash", "op": "filled"},
    {"field": "_sa_instance_state.session", "op": "filled"},
    {"field": "client.contacts", "op": "filled"},
    {"field": "id); drop table cases_case; --", "op": "filled"},
)
PLACES = (
    "{agent.password_hash}",
    "{__class__}",
    "{agent.__init__.__globals__}",
    "{0.__class__}",
    "{!r}",
    "{a:>1000000000}",
)


@pytest.fixture(scope="module", params=["sqlite"])
def backend(request: pytest.FixtureRequest) -> str:
    """Templates know no database."""
    return request.param


@pytest.fixture(scope="module")
def press(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Press]:
    """One printing child."""
    with Press(tmp_path_factory.mktemp("fonts")) as found:
        yield found


def printed(press: Press, body: str, seconds: int = 6) -> tuple[str, str]:
    """(what stands on the paper, or nothing; the code of the refusal, or nothing)."""
    asked = {"sources": {"letter": f"<p>{body}"}, "data": encode(DATA), "language": "zh", "pictures": {}}
    try:
        return text_of(press.print(asked, seconds).pdf), ""
    except Unprintable as fault:
        return "", fault.code


def test_no_template_gets_out(press):
    out = []
    for body in ESCAPES:
        text, code = printed(press, body)
        assert code == "" or code.startswith("template"), (body, code)
        out += [(body, text)] if any(word in text for word in WORDS) else []
    assert out == []


@pytest.mark.parametrize("body", BOMBS)
def test_what_would_eat_the_machine_is_stopped(press, body):
    started = time.monotonic()
    text, code = printed(press, body)
    assert (text, code != "") == ("", True), text[:80]
    assert time.monotonic() - started < 6
    assert most_memory(press) < 1024 * 1024 * 1024


def most_memory(press: Press) -> int:
    """Bytes that the printing child ever held; its forks are bounded by themselves."""
    child: Any = press._child
    status = Path(f"/proc/{child.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) * 1024


def test_there_are_eighty():
    assert len(ESCAPES) + len(BOMBS) + len(CONDITIONS) + len(PLACES) >= 80


def test_conditions_read_declared_fields_alone(context):
    """Neither what Python knows nor what is hidden can be asked about, when a flow is checked or when it runs."""
    types = context.extensions["zhian"].types
    person = types["core.user"].model(login="x", password_hash="argon2")
    case = types["cases.case"].model(agent=person, agent_id=1)
    for condition in CONDITIONS:
        assert not has_path("cases.case", condition["field"]), condition
        if not condition["field"].startswith("client."):
            with pytest.raises(KeyError):
                value_of(case, condition["field"])
    with pytest.raises(KeyError):
        value_of(person, "password_hash")
    with pytest.raises(KeyError):
        holds([{"field": "status", "op": "__import__", "value": "os"}], lambda _path: "x")
    assert not any(op.startswith("_") for op in OPERATORS)


@pytest.mark.parametrize("template", PLACES)
def test_texts_of_flows_are_filled_with_named_values_alone(context, template):
    asked = places(template)
    assert all(not has_path("cases.case", path) for path in asked)
    known = {"opinion": "good"}
    assert fill(template, known.get) in (template, None, "")
