"""Clients of the agency and the people there: names, numbers, regions, tiers. Cases and bills are not here."""

from plugins.clients.documents import client_fields, contact_fields
from plugins.clients.names import match_key, split_names, stem_key, tidy
from plugins.clients.records import Client, Contact
from plugins.clients.regions import countries, region_name
from plugins.clients.rules import also_assigned, claimed, of_their_client
from plugins.clients.services import find_by_name, name_index, name_keys
from plugins.clients.uscc import is_valid as is_valid_uscc

__all__ = [
    "Client",
    "Contact",
    "also_assigned",
    "claimed",
    "client_fields",
    "contact_fields",
    "countries",
    "find_by_name",
    "is_valid_uscc",
    "match_key",
    "name_index",
    "name_keys",
    "of_their_client",
    "region_name",
    "split_names",
    "stem_key",
    "tidy",
]
