"""``python -m archviz``: the command line."""

from __future__ import annotations

from archviz_cli.main import main

if __name__ == "__main__":
    main()
