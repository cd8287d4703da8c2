"""Risk ratings of clients. What other plugins may import: `Assessment`."""

from risk.records import Assessment

__all__ = ["Assessment"]
