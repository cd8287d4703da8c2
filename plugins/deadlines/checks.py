"""What holds for every rule, shipped or another plugin's. The conformance suite runs it for whoever gives one."""

from __future__ import annotations

from collections.abc import Iterator

from core.testing import Deployment
from plugins.deadlines.engine import Calendars, Evaluator, Rule, compute_line, load_holidays, load_pack

SEVERITIES = ("fatal", "curable", "adverse", "info")


def rules(site: Deployment, plugin: str) -> list[Rule]:
    """The rules that a plugin gives. Those that ship are looked at by the tests of `deadlines` itself."""
    given = site.registry.offered.get("register_deadline_rules", [])
    codes = [row["code"] for giver, pack in given if giver == plugin for row in pack.rules]
    return [load_pack().rules[code] for code in codes]


def word_problems(site: Deployment, plugin: str) -> Iterator[str]:
    """Each names its law, its words and how sure it is, so that whoever reads a deadline can look it up."""
    for rule in rules(site, plugin):
        held = {
            "legal_basis": bool(rule.legal_basis),
            "words in both languages": bool(rule.title_zh and rule.title_en),
            "certainty: high, medium or low": rule.certainty in ("high", "medium", "low"),
            f"severity: {', '.join(SEVERITIES)}": rule.severity in SEVERITIES,
            "if_missed": bool(rule.if_missed) or rule.kind == "milestone",
        }
        yield from (f"{rule.code} lacks {what} -> add it to its row" for what, there in held.items() if not there)


def example_problems(site: Deployment, plugin: str) -> Iterator[str]:
    """Each has an example worked by hand that comes out right with the shipped holidays."""
    engine = Evaluator(load_pack(), Calendars(load_holidays()))
    codes = {rule.code for rule in rules(site, plugin)}
    examples = [row for row in load_pack().examples if row["rule_code"] in codes]
    for code in sorted(codes - {row["rule_code"] for row in examples}):
        yield f"{code} has no worked example -> add one to the pack"
    for row in examples:
        found = compute_line(row, engine)
        wrong = {name: found.get(name) for name, want in row["expected"].items() if found.get(name) != want}
        if wrong:
            yield f"example {row['id']} of {row['rule_code']}: expected {row['expected']}, came out {wrong}"


def trigger_problems(site: Deployment, plugin: str) -> Iterator[str]:
    """Each is triggered by an event of cases, or by fields of a case."""
    events = {choice.code for choice in site.registry.types["cases.event"].fields["code"].choices}
    known = events | set(load_pack().case_triggers)
    for rule in rules(site, plugin):
        if rule.trigger not in known:
            yield f"{rule.code}: nothing is called {rule.trigger} -> name an event, or give it in case_triggers"


CHECKS = (word_problems, example_problems, trigger_problems)
