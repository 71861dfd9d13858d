"""Publish room: MQTT client, status, drain of the outbox. Sees messages, never a picture.

    outbox ─Row→ window ─┐
                         ├→ link ─PUBLISH→ broker ─PUBACK→ link → window → outbox (settled)
    report, counts → status ┘

`publisher` drives the others by the table in `state`; `reasons` says in words what went wrong, and `setbacks` what it
means when it does so again and again.
"""
