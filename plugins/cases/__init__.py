"""Cases of all types: their fields, status models, official events, applicants, classes and relations."""

from plugins.cases.case import Case
from plugins.cases.computed import end_of_term
from plugins.cases.events import record_event
from plugins.cases.facts import (
    CaseFacts,
    EventFacts,
    facts_of,
    facts_of_many,
    is_ended,
    members_of,
)
from plugins.cases.records import Applicant, Event, Goods, Member, Relation
from plugins.cases.status import Model, event_type, event_types, model

__all__ = [
    "Applicant",
    "Case",
    "CaseFacts",
    "Event",
    "EventFacts",
    "Goods",
    "Member",
    "Model",
    "Relation",
    "end_of_term",
    "event_type",
    "event_types",
    "facts_of",
    "facts_of_many",
    "is_ended",
    "members_of",
    "model",
    "record_event",
]
