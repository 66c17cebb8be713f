"""Settings of the sample site."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

project = "Networks"
extensions = ["archviz.sphinx"]
numfig = True
html_theme = "alabaster"
latex_elements = {"papersize": "a4paper"}
