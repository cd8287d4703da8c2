"""WeCom and DingTalk: what the house tells its people leaves here, and what they press on a card comes back in."""

from __future__ import annotations
