"""Webhooks: our events told to others' servers, signed and retried; and the check of what others' servers tell us.

What is sent is seen with the eyes of the webhook's person; addresses are judged by `core.outgoing`.
"""
