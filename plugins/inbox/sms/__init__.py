"""Text messages to phones: what a provider is, two of them, numbers, and sending with its limits."""

from plugins.inbox.sms import clouds

__all__ = ["clouds"]
