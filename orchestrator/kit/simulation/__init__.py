"""What the local stand-ins of the clouds are made of: a server, faults, responders and evidence.

Nothing here knows a cloud. A simulator is a WSGI callable; this package serves it on loopback, makes it fail on
request, and gives the addresses that it hands out something that answers.
"""
