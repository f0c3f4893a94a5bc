"""The operation behind each route of SES v2, as its permission names it (``ses:GetAccount``)."""

from __future__ import annotations

from collections.abc import Mapping

_SET = "/configuration-sets/{name}"
_DESTINATIONS = f"{_SET}/event-destinations"

OPERATIONS: Mapping[tuple[str, str], str] = {
    ("POST", "/outbound-emails"): "SendEmail",
    ("POST", "/outbound-bulk-emails"): "SendBulkEmail",
    ("GET", "/account"): "GetAccount",
    ("POST", "/templates"): "CreateEmailTemplate",
    ("GET", "/templates"): "ListEmailTemplates",
    ("GET", "/templates/{name}"): "GetEmailTemplate",
    ("PUT", "/templates/{name}"): "UpdateEmailTemplate",
    ("DELETE", "/templates/{name}"): "DeleteEmailTemplate",
    ("PUT", "/suppression/addresses"): "PutSuppressedDestination",
    ("GET", "/suppression/addresses"): "ListSuppressedDestinations",
    ("GET", "/suppression/addresses/{address}"): "GetSuppressedDestination",
    ("DELETE", "/suppression/addresses/{address}"): "DeleteSuppressedDestination",
    ("POST", "/configuration-sets"): "CreateConfigurationSet",
    ("GET", "/configuration-sets"): "ListConfigurationSets",
    ("GET", _SET): "GetConfigurationSet",
    ("DELETE", _SET): "DeleteConfigurationSet",
    ("POST", _DESTINATIONS): "CreateConfigurationSetEventDestination",
    ("GET", _DESTINATIONS): "GetConfigurationSetEventDestinations",
    ("PUT", f"{_DESTINATIONS}/{{destination}}"): "UpdateConfigurationSetEventDestination",
    ("POST", "/identities"): "CreateEmailIdentity",
    ("GET", "/identities/{name}"): "GetEmailIdentity",
}
