"""The documentation as a site: `make docs`, which first writes the pages of docs/generated."""

project = "guidefit"
extensions = ["myst_parser", "sphinx_design"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4
exclude_patterns = ["_build", "_gallery", "gallery"]
source_suffix = {".md": "markdown"}
html_theme = "pydata_sphinx_theme"
html_title = "guidefit"
html_theme_options = {"secondary_sidebar_items": ["page-toc"]}
html_extra_path = ["generated/site"]  # pages of the gallery, where they have been built
nitpicky = True
