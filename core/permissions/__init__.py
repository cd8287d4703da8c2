"""Who may do what: principals, organisation, grants and rules, and the session that holds them."""
