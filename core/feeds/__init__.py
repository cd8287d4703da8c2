"""Calendar feeds: dates of a person, or of a saved view, for calendar programs that subscribe to a secret address."""
