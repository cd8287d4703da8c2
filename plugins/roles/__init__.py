"""The roles of an agency and the duties that two persons must share. What a role may do lives with each record."""

from plugins.roles.pack import Separation, role_codes, separation_of_duties

__all__ = ["Separation", "role_codes", "separation_of_duties"]
