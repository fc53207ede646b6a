"""Pages. Each module builds the context of one template in `render(inputs, settings)`; write_page.py imports it by its name."""
