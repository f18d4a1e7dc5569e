"""The SIP protocol as pure state machines: messages, transactions, dialogs, digest, subscriptions."""

# URIs hold headers and headers hold URIs: whoever imports ``sip.uri`` first must find ``sip.headers`` begun.
from kiestoon.sip import headers as headers
