"""Who works on a case of the demo: from its client, its agent and their places."""

from __future__ import annotations

from typing import Any

from plugins.demo.cast import Cast, data
from plugins.demo.roads import Step

CLERKS = {"BJ": "s12", "SH": "s22", "SZ": "s28"}
VERIFIERS = {"BJ": "s13", "SZ": "s29"}
MANAGERS = {"BJ": "s15", "SH": "s23", "SZ": "s30", "CD": "s32"}
REVIEWER = "s11"
AGENTS = frozenset({"tm_agent", "pat_agent"})


class Team:
    """The people of one case, by login."""

    def __init__(self, cast: Cast, row: dict[str, Any]) -> None:
        people = {person[0]: person for person in data("people")["people"]}
        heads = {place["code"]: place["head"] for place in data("people")["departments"]}
        client = next(client for client in data("clients")["clients"] if client["n"] == row["c"])
        place = people[client["owner"]][3].split("-")[0]
        department = people[row["a"]][3]
        self.cast, self.agent, self.reviewer = cast, row["a"], REVIEWER
        branch = "BJ" if place == "CD" else place
        self.clerk, self.manager, self.head = CLERKS[branch], MANAGERS[place], heads[department]
        self.verifier = VERIFIERS.get(branch, self.head)
        self.creator = client["owner"] if "client_manager" in people[client["owner"]][4] else self.clerk
        self.department, self.branch = cast.departments[department], cast.branches[branch]

    def id(self, part: str) -> int:
        """The id of the agent, clerk, manager, head, verifier or creator."""
        return self.cast.ids[getattr(self, part)]

    def doer(self, model: Any, status: str, step: Step) -> str:
        """Whose work a step is in that state; what only goes on record is the clerk's."""
        roles = [role for t in model.by_state.get(status, ()) if t.event == step.event for role in t.who]
        if not roles or {"process_clerk", "system"} & set(roles):
            return self.clerk
        if AGENTS & set(roles):
            return self.agent
        if "reviewer" in roles and (step.aside or "dept_head" not in roles):
            return self.reviewer
        return self.manager if "client_manager" in roles else self.head
