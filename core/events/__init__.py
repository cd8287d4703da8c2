"""The outbox: events written in the transaction that caused them, delivered to each subscriber after the commit."""
