"""Facts about a Model that rules, renderers and views state; nothing here prints."""
