"""Messages that leave or reach people: the mail outbox and in-app messages. Other channels listen to their events."""
