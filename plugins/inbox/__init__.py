"""Inbox and notifications: the centre, each person's choice of channels, deliveries and their log, replies, SMS.

The core writes messages and knows channels; this plugin decides when a message goes by which, and keeps what came
of it.
"""

from plugins.inbox.sms.provider import NotSent, Sms, SmsProvider, Unclear, add_sms_provider

__all__ = ["NotSent", "Sms", "SmsProvider", "Unclear", "add_sms_provider"]
