"""The invented agency Lanqi IP for a first look: people, clients, cases and dates that move along with today."""
