"""Who somebody is: passwords and their policy, abuse of the sign-in, second factors, passkeys, links, single sign-on.

Pure rules and bookkeeping; pages and sessions of browsers live in `core.web`.
"""
