"""The admin: lists and forms show masks; values are revealed on a page of their own, for a reason."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from fieldvault.contrib.django.admin import EncryptedModelAdmin
from fieldvault.scoping import current_acting
from master.models import Customer, Member, Vendor


class OfTenantAdmin(EncryptedModelAdmin):
    """For users who work for a tenant; the manager shows them that tenant's rows only."""

    search_help_text = "The whole e-mail address or phone number, in any spelling"

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        if current_acting() is None:
            return self.model._base_manager.none()
        return super().get_queryset(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return current_acting() is not None and super().has_module_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return current_acting() is not None and super().has_view_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return current_acting() is not None and super().has_change_permission(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return current_acting() is not None and super().has_add_permission(request)


@admin.register(Customer)
class CustomerAdmin(OfTenantAdmin):
    """Customers of the user's tenant."""

    list_display = ("id", "name", "email", "phone", "country", "erased_at")
    search_fields = ("email", "phone")
    actions = ("erase",)

    @admin.action(description="Erase for ever, backups included", permissions=["erase"])
    def erase(self, request: HttpRequest, customers: QuerySet) -> None:
        """Shred each person's key and empty the row."""
        keys = sum(customer.erase(timezone.now()) for customer in customers)
        self.message_user(request, f"{keys} keys were shredded", messages.SUCCESS)

    def has_erase_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("master.erase_customer")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # a deleted row leaves the key, and so every backup readable: erase instead


@admin.register(Vendor)
class VendorAdmin(OfTenantAdmin):
    """Vendors of the user's tenant."""

    list_display = ("name", "email", "iban")
    search_fields = ("name", "email")


@admin.register(Member)
class MemberAdmin(admin.ModelAdmin):
    """Who works for whom; for superusers."""

    list_display = ("user", "tenant")
