"""To-dos: small things given to a person, with or without a record that they are about. No approvals, no legal dates.

Other plugins meet it by its record, by key: `todos.todo` with the actions `finish`, `reopen`, `hand_on`.
"""
