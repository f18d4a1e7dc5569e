"""What people do by telephone to the configuration and their mailboxes: one module for each kind of request
(``calls.requests``), run in threads by ``app.back_office``."""
