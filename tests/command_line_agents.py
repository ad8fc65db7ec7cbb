"""How tests run the programs that `apportion` becomes."""

import sys

COLLECTOR = (sys.executable, "-P", "-m", "agents.gateway")
