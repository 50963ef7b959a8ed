"""Other admins for a while: they replace those of the shop, and the URLs follow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import reload
from typing import Any


@contextmanager
def registered(admins: Mapping[Any, type[Any]]) -> Iterator[None]:
    """Model to admin class."""
    from django.contrib import admin

    before = {model: type(admin.site._registry[model]) for model in admins if model in admin.site._registry}
    _register(admin.site, admins)
    try:
        yield
    finally:
        for model in admins:
            admin.site.unregister(model)
        _register(admin.site, before)


def _register(site: Any, admins: Mapping[Any, type[Any]]) -> None:
    from django.urls import clear_url_caches
    from plugins.django_site import urls

    for model, kind in admins.items():
        if model in site._registry:
            site.unregister(model)
        site.register(model, kind)
    reload(urls)
    clear_url_caches()
