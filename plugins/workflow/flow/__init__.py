"""Definitions of flows as typed data, what may stand in them, and which way they go. Pure: no database, no clock."""

from plugins.workflow.flow.check import Problem, World, check
from plugins.workflow.flow.conditions import OPERATORS, holds
from plugins.workflow.flow.fill import fill
from plugins.workflow.flow.nodes import KINDS, TASK_KINDS, Branch, Flow, Node, read_flow
from plugins.workflow.flow.shape import misshapen
from plugins.workflow.flow.who import Token, read_token

__all__ = [
    "KINDS",
    "OPERATORS",
    "TASK_KINDS",
    "Branch",
    "Flow",
    "Node",
    "Problem",
    "Token",
    "World",
    "check",
    "fill",
    "holds",
    "misshapen",
    "read_flow",
    "read_token",
]
