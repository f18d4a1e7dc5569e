"""Where devices can be reached, and who may come in."""

from kiestoon.registrar.bindings import Binding, BindingChanged, Bindings
from kiestoon.registrar.doorkeeper import Doorkeeper, DoorkeeperSettings
from kiestoon.registrar.guard import Ban, Guard, GuardSettings
from kiestoon.registrar.register import RegisterSettings
from kiestoon.registrar.registrar import Registrar
from kiestoon.registrar.verdicts import Challenge, DeviceCaller, Drop, RefuseCaller, TrunkCaller, Verdict

__all__ = [
    "Ban",
    "Binding",
    "BindingChanged",
    "Bindings",
    "Challenge",
    "DeviceCaller",
    "Doorkeeper",
    "DoorkeeperSettings",
    "Drop",
    "Guard",
    "GuardSettings",
    "RefuseCaller",
    "RegisterSettings",
    "Registrar",
    "TrunkCaller",
    "Verdict",
]
