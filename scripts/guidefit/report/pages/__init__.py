"""Pages. The function `render(inputs, settings)` of a module returns the text of each output of its rule, by name; `page` is HTML.

write_page.py imports the module by its name.
"""
