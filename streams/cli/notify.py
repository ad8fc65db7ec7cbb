"""`apportion notify`: its verbs."""

from streams.cli.notify_preview import preview
from streams.cli.notify_resend import resend
from streams.cli.notify_try import try_route
from streams.cli.verbs import new_app

notify = new_app("Try the routes of alerts, and tell again what was put aside.")
notify.command("test")(try_route)
notify.command("preview")(preview)
notify.command("resend")(resend)
