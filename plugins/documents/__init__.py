"""Letters and lists of any record: templates, printing in a confined child, releasing, sending. No letters here.

The letters themselves belong to the plugins that know their data; they declare them by the hook `register_documents`.
"""
