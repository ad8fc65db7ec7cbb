"""Hypothesis profiles: few examples always, many with HYPOTHESIS_PROFILE=long, or longest."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile("short", max_examples=40, deadline=None, print_blob=True)
for profile, examples in (("long", 3_000), ("longest", 10_000)):
    settings.register_profile(
        profile,
        max_examples=examples,
        deadline=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "short"))
