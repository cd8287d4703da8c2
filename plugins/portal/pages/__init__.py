"""The pages of the portal, one file per subject; importing them declares their routes."""

from plugins.portal.pages import account, bills, brand, cases, entrance, files, orders, questions, renewals, talk

__all__ = ["account", "bills", "brand", "cases", "entrance", "files", "orders", "questions", "renewals", "talk"]
