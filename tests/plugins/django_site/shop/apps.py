from __future__ import annotations

from django.apps import AppConfig


class ShopConfig(AppConfig):
    name = "plugins.django_site.shop"
    label = "shop"
