"""Approval flows as data: definitions with versions, instances bound to any record, tasks that are decided once.

Other plugins meet it by its records and actions, by key: `workflow.task` with the action `decide`, the events
`workflow.task.created` and `workflow.task.updated`.
"""
