"""Cases of all types: their fields, status models, official events, applicants, classes and relations."""

from plugins.cases.case import Case
from plugins.cases.computed import end_of_term
from plugins.cases.events import record_event
from plugins.cases.facts import (
    CaseFacts,
    EventFacts,
    facts_of,
    facts_of_many,
    field_values,
    is_ended,
    members_of,
    travelled,
)
from plugins.cases.money import cost_of_answer, cost_of_renewal
from plugins.cases.records import Applicant, Event, Goods, Member, Relation
from plugins.cases.rules import OUTSIDE, unpublished
from plugins.cases.status import CaseType, Model, Stop, event_type, event_types, model, road

__all__ = [
    "OUTSIDE",
    "Applicant",
    "Case",
    "CaseFacts",
    "CaseType",
    "Event",
    "EventFacts",
    "Goods",
    "Member",
    "Model",
    "Relation",
    "Stop",
    "cost_of_answer",
    "cost_of_renewal",
    "end_of_term",
    "event_type",
    "event_types",
    "facts_of",
    "facts_of_many",
    "field_values",
    "is_ended",
    "members_of",
    "model",
    "record_event",
    "road",
    "travelled",
    "unpublished",
]
