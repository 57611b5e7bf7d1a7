"""How Sphinx builds these pages: `make docs`. No page asks the network for anything."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import bricks

project = "bricks"
version = release = bricks.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "docstrings"]
exclude_patterns = ["_build"]
default_role = "py:obj"  # a link where it names something that is documented here, else plain code
highlight_language = "text"  # of the equations in docstrings

myst_heading_anchors = 3

html_theme = "furo"
html_title = "bricks"
html_static_path = ["_static"]
html_css_files = ["own.css"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
pygments_style, pygments_dark_style = "tango", "monokai"

autodoc_member_order = "groupwise"
autodoc_typehints = "none"  # docstrings say them, in words
autodoc_inherit_docstrings = False
add_module_names = False
toc_object_entries_show_parents = "hide"
napoleon_google_docstring = napoleon_numpy_docstring = False  # `docstrings` calls it
napoleon_use_param = False  # else each word of "(time, batch)" would be looked up as a type
napoleon_custom_sections = [("Attributes", "params_style")]
