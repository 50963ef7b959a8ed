"""The project: settings, URLs, who works for which tenant."""
