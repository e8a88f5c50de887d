"""How the pages are built: `python -m sphinx -W -b html docs docs/_build/html`, without network."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

import deltarule  # noqa: E402

project = "deltarule"
author = "The deltarule founders"
project_copyright = author
version = release = deltarule.__version__

extensions = [
    "myst_nb",  # MyST pages, and notebooks, which are run
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "deltadocs.mathml",
    "deltadocs.docstrings",
    "deltadocs.generate",
]
html_math_renderer = "mathml"
exclude_patterns = ["_build", "_ext", "generated/parts", "defaults-table.md"]
nitpicky = False

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
highlight_language = "python"

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_preserve_defaults = True
autoclass_content = "class"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
python_maximum_signature_line_length = 88
add_module_names = False
toc_object_entries = False

nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_in_temp = True
nb_execution_timeout = 120

man_pages = [("command-line", "deltarule", "backpropagation workbench", author, 1)]

html_theme = "furo"
html_title = f"deltarule {release}"
html_static_path = ["_static"]
html_css_files = ["deltarule.css"]
html_js_files = ["accessible.js"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}
