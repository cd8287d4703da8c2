"""What belongs to one person's work: drafts, favourites, recent records, the list they came from; and the bin."""
