"""What operations are called in the OpenAPI document. Programs have functions of these names: they stay.

The generic routes over rows have theirs from ``resources.openapi``. Any other operation has what its route says
(``operation_id=``), or the name of its function; a function that serves two owners, or whose name only says enough
within its module, has a name here.
"""

from __future__ import annotations

from typing import Final

from fastapi.routing import APIRoute

_CLEARER: Final = {
    ("account_routes", "reset_password"): "reset_account_password",
    ("account_routes", "send_mail"): "mail_account_login",
    ("account_routes", "remove_second_factors"): "remove_account_factors",
    ("provider_routes", "list_providers"): "list_identity_providers",
    ("provider_routes", "add_provider"): "create_identity_provider",
    ("provider_routes", "get_provider"): "get_identity_provider",
    ("provider_routes", "change_provider"): "change_identity_provider",
    ("provider_routes", "remove_provider"): "remove_identity_provider",
    ("provider_routes", "get_consent_address"): "get_identity_provider_consent",
    ("oidc_routes", "list_providers"): "list_login_providers",
    ("oidc_routes", "start"): "begin_oidc_login",
    ("oidc_routes", "callback"): "finish_oidc_login",
    ("oidc_routes", "begin_link"): "link_identity",
    ("oidc_routes", "unlink"): "unlink_identity",
    ("passkey_routes", "begin_login"): "begin_passkey_login",
    ("passkey_routes", "log_in"): "log_in_by_passkey",
    ("passkey_routes", "begin_registration"): "begin_passkey_registration",
    ("passkey_routes", "register"): "create_passkey",
    ("link_routes", "choose_by_link"): "choose_password_by_link",
    ("own_routes", "make_token"): "create_token",
    ("own_routes", "withdraw_token"): "remove_token",
    ("totp_routes", "second_factor"): "give_second_factor",
    ("webhooks", "list_deliveries"): "list_webhook_deliveries",
    ("webhooks", "retry_delivery"): "retry_webhook_delivery",
    ("webhooks", "new_secret"): "new_webhook_secret",
    ("webhooks", "send_test"): "send_webhook_test",
}
"""By module and function."""

# By the path an owner's routes begin with: what they are called instead.
_OF_THE_INSTALLATION: Final = {
    "/api/v1/operators": ("account", "operator"),
    "/api/v1/identity-providers": ("identity_provider", "shared_identity_provider"),
}


def operation_id(route: APIRoute) -> str:
    """The id of a route that does not say one: FastAPI's ``generate_unique_id_function``."""
    function = route.endpoint
    name = _CLEARER.get((function.__module__.rpartition(".")[2], function.__name__), function.__name__)
    for path, (noun, instead) in _OF_THE_INSTALLATION.items():
        if route.path.startswith(path):
            name = name.replace(noun, instead)
    return name
