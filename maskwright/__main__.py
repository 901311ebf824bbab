"""`python -m maskwright` is the command `maskwright`."""

from __future__ import annotations

from maskwright.integrations.command_line import main

if __name__ == "__main__":
    main()
